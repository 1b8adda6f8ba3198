import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { execFileSync } from 'node:child_process'
import { ordinaryWords } from '../../../src/inputs/ordinary.ts'
import { createRedact, maskedValues } from '../../../src/system/redact.ts'
import { escaped } from '../../../src/report/markdown.ts'

const isOrdinary = ordinaryWords([])

describe('a secret in a text', () => {
  it.each([
    ['a password', ['hunter2!'], 'login with hunter2! failed', 'login with *** failed'],
    ['one line of several', ['first line\nsecond line'], 'cat: second line', 'cat: ***'],
    ['its spelling in a URL', ['p@ss/word'], 'https://u:p%40ss%2Fword@host', 'https://u:***@host'],
    ['its base64', ['hunter2!'], Buffer.from('hunter2!').toString('base64'), '***'],
    ['the longer one of two that overlap', ['wxyz', 'wxyzuv'], 'wxyzuv', '***'],
  ])('%s is replaced', (_, secrets, text, expected) => {
    expect(createRedact(secrets, isOrdinary)(text)).toBe(expected)
  })

  it('is removed from any text', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 8 }), fc.string(), fc.string(), (secret, before, after) => {
        fc.pre(!secret.includes('*') && secret.trim() === secret && !`${before}***${after}`.includes(secret))
        expect(createRedact([secret], isOrdinary)(`${before}${secret}${after}`)).not.toContain(secret)
      }),
    )
  })

  it('of several lines does not mask single characters', () => {
    expect(createRedact(['{\n"key": 1\n}'], isOrdinary)('{ }')).toBe('{ }')
    const masked = maskedValues(['{\n"key": 1\n}'], isOrdinary)
    expect(masked).toContain('"key": 1')
    expect(masked.filter((value) => value.length < 4 || value.includes('\n'))).toEqual([])
  })
})

const password = `p$w/ö "q'&<+x%2`

/** How programs spell a text */
const programs: [string, (text: string) => string][] = [
  ['JSON of JavaScript', JSON.stringify],
  ['a URL', encodeURIComponent],
  ['a URL in lower case', (text) => encodeURIComponent(text).replace(/%../g, (byte) => byte.toLowerCase())],
  ['a form', (text) => new URLSearchParams({ text }).toString()],
  [
    'the user information of a URL',
    (text) => Object.assign(new URL('https://me@host'), { password: text }).href,
  ],
  ['Markdown', escaped],
  ['a shell', (text) => text.replace(/[^A-Za-z0-9]/g, '\\$&')],
  ['base64', (text) => Buffer.from(text).toString('base64')],
  ['base64 for URLs', (text) => Buffer.from(text).toString('base64url')],
  ['base64 after a user name', (text) => Buffer.from(`me:${text}`).toString('base64')],
  ['base64 after a longer user name', (text) => Buffer.from(`robot:${text}`).toString('base64')],
  ['base64 in the middle', (text) => Buffer.from(`user:${text}\nhost`).toString('base64')],
  ...['json.dumps', 'urllib.parse.quote', 'urllib.parse.quote_plus', 'html.escape'].map(
    (name): [string, (text: string) => string] => [
      `${name} of Python`,
      (text) =>
        execFileSync(
          'python3',
          ['-c', `import json, urllib.parse, html, sys; print(${name}(sys.argv[1]))`, text],
          {
            encoding: 'utf8',
          },
        ).trim(),
    ],
  ),
]

describe('every spelling of a password', () => {
  const redact = createRedact([password], isOrdinary)
  const inner = /p(?:\\?\$|%24|&#36;)w|2f|%2B|w\/|cCR3|JHcv|AkdyP|HAkd/i

  it.each(programs)('is masked: %s', (_, spell) => {
    const shown = redact(`before ${spell(password)} after`)
    expect(spell(password)).toMatch(inner)
    expect(shown).toContain('***')
    expect(shown).not.toMatch(inner)
    expect([shown.startsWith('before '), shown.endsWith(' after')]).toEqual([true, true])
  })
})

describe('the masked parts of a secret', () => {
  it.each([
    [
      'a line of git-credentials',
      'https://robot:s3cr3t%2Fx@git.example',
      ['s3cr3t%2Fx', 's3cr3t/x', 'cm9ib3Q6czNjcjN0L3g='],
    ],
    ['an address whose user is the token', 'https://ghp_12345678@github.com', ['ghp_12345678']],
    ["GitHub's old form of it", 'https://ghp_12345678:x-oauth-basic@github.com', ['ghp_12345678']],
    ['a pair', 'robot:s3cr3t-x', ['s3cr3t-x', 'cm9ib3Q6czNjcjN0LXg=']],
    ['base64 of a pair', 'cm9ib3Q6czNjcjN0LXg=', ['s3cr3t-x', 'robot:s3cr3t-x']],
    [
      "docker's configuration",
      '{"auths":{"ghcr.io":{"auth":"cm9ib3Q6czNjcjN0LXg="}}}',
      ['s3cr3t-x', 'cm9ib3Q6czNjcjN0LXg'],
    ],
    ['a pip.conf', '[global]\nextra-index-url = https://robot:s3cr3t-x@index/simple', ['s3cr3t-x']],
    ['a .netrc', 'machine host login robot password s3cr3t-x', ['s3cr3t-x']],
    ['variables', 'HOST=db.example\nDB_PASSWORD="s3cr3t-x"', ['s3cr3t-x']],
    ['a header', 'Authorization: Basic cm9ib3Q6czNjcjN0LXg=', ['s3cr3t-x', 'cm9ib3Q6czNjcjN0LXg=']],
  ])('are those of %s without the user name', (_, secret, parts) => {
    const redact = createRedact([secret], isOrdinary)
    expect(parts.map((part) => redact(`<${part}>`))).toEqual(parts.map(() => '<***>'))
    expect(redact('robot and Basic')).toBe('robot and Basic')
    expect(maskedValues([secret], isOrdinary)).toEqual(expect.arrayContaining(parts))
  })

  it('exclude ordinary texts', () => {
    const isShown = ordinaryWords(['my-team/images'])
    const text = 'docker.io/my-team/images/vllm-openai:v0.10.2 is true, published 20251123, digest 4be1f0'
    for (const word of [
      'my-team',
      'vllm',
      'vllm-openai',
      'true',
      '20251123',
      '4be1',
      'docker.io',
      'abc',
      'TRUE',
    ])
      expect([word, createRedact([word], isShown)(text), maskedValues([word], isShown)]).toEqual([
        word,
        text,
        [],
      ])
  })
})
