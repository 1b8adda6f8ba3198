import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { InputReader } from '../../../src/inputs/problems.ts'
import { mountedIds, readSecrets } from '../../../src/inputs/secrets.ts'
import { sentenceOf } from '../../../src/errors.ts'

function read(text: string): { secrets: Map<string, string>; complaint: string } {
  const reader = new InputReader(() => text)
  const secrets = readSecrets(reader)
  try {
    reader.throwIfAny()
    return { secrets, complaint: '' }
  } catch (error) {
    return { secrets, complaint: sentenceOf(error) }
  }
}

describe('secrets', () => {
  it('keep quotes, equals signs and line breaks', () => {
    expect(read('token="a=b"\npem<<END\nline 1\n\nline "2"\nEND\nlast=x\n')).toEqual({
      complaint: '',
      secrets: new Map([
        ['token', '"a=b"'],
        ['pem', 'line 1\n\nline "2"'],
        ['last', 'x'],
      ]),
    })
  })

  it('can hold any text in the form of several lines', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const value = text.replaceAll('\r', '')
        fc.pre(!value.split('\n').includes('END_OF_SECRET'))
        const { secrets, complaint } = read(`id<<END_OF_SECRET\n${value}\nEND_OF_SECRET`)
        expect(complaint).toBe('')
        expect(secrets.get('id')).toBe(value)
      }),
    )
  })

  it.each([
    [
      'two secrets, the second of which a step mounts',
      'token=abc-1\ngit-credentials=https://me:abc-2@git.example',
    ],
    ['several secrets that each have an end marker', 'a<<END\nabc-1\nEND\nb<<END\nabc-2\nEND\n'],
    ['a one-line secret after one of several lines', 'a<<END\nabc-1\nEND\n\nb=abc-2'],
  ])('can be %s', (_, text) => {
    const { secrets, complaint } = read(text)
    expect(complaint).toBe('')
    expect([...secrets.values()].map((value) => value.replace(/.*(abc-\d).*/, '$1'))).toEqual([
      'abc-1',
      'abc-2',
    ])
  })
})

describe('a line that may be part of the secret before it', () => {
  it.each([
    ['base64 that ends with =', 2, 'key=canary1\ncanary2VjcmV0UGFydA=='],
    ['a variable', 2, 'env=canary1=canary2\ncanary3=canary4'],
    ['a line of an INI file', 2, 'pip-conf=[canary1]\ncanary2-url=https://me:canary3@index.example'],
    ['a line after an empty one', 3, 'key=canary1\n\ncanary2=canary3'],
    ['a line with a Windows line end', 2, 'key=canary1\r\ncanary2=\r\n'],
    ['a line that is not an assignment', 2, 'key=canary1\ncanary2'],
    ['a line that repeats an id', 2, 'key=canary1\nkey=canary2'],
    ['the end of a value that contains its end marker', 5, 'key<<END\ncanary1\nEND\ncanary2=canary3\nEND'],
    ['the end of a value whose marker has a =', 5, 'key<<E=D\ncanary1\nE=D\ncanary2=canary3\nE=D'],
    ['the start of a value without its end marker', 1, 'canary1<<END\ncanary2=canary3\n'],
    ['a secret without an id that ends like base64', 1, 'canary1=='],
    ['base64 after a value of several lines', 4, 'key<<E\nfoobar12\nE\ncanary1=='],
    ['the same id after a value of several lines', 4, 'canary1<<END\na\nEND\ncanary1=canary2'],
  ])('is refused by its number without showing its text: %s', (_, line, text) => {
    const { complaint } = read(text)
    expect(complaint).toContain(`secrets: line ${line} (`)
    expect(complaint).not.toContain('canary')
  })

  it('is refused with the form to use', () => {
    expect(read('key=one\nTG9uZ1NlY3JldA==').complaint).toBe(
      'secrets: line 2 (not shown; it may be a second line of the secret in line 1) is not allowed; ' +
        'use id<<END, lines, END for a value of several lines, and for each secret after one that is given as id=value.',
    )
  })
})

describe('Windows line ends and blanks', () => {
  it.each([
    ['a line', ' https://me:p$w@git.example \r\n', 'git-credentials='],
    [
      'lines',
      '\r\nhttps://me:p$w@git.example\t\r\n\r\n  https://you:x@git.example\r\nEND\r\n',
      'git-credentials<<END',
    ],
  ])('are removed from git-credentials, given as %s', (_, value, start) => {
    const { secrets, complaint } = read(start + value)
    expect(complaint).toBe('')
    expect(secrets.get('git-credentials')?.split('\n')[0]).toBe('https://me:p$w@git.example')
    expect(secrets.get('git-credentials')).not.toMatch(/[\s]{2}|\r|^\s|\s$/)
  })

  it('are removed from a secret if every line of the input ends with them, and kept if only its own lines do', () => {
    expect(read('key<<END\r\none\r\n two \r\nEND\r\n').secrets.get('key')).toBe('one\n two ')
    expect(read('key<<END\none\r\ntwo\nEND\n').secrets.get('key')).toBe('one\r\ntwo')
    expect(read('key=value \r\n').secrets.get('key')).toBe('value ')
  })
})

it('the Dockerfiles mount the known ids and inputs only', () => {
  const mounted = ['vllm', 'sglang'].flatMap((engine) =>
    [
      ...readFileSync(`dockerfiles/Dockerfile.${engine}`, 'utf8').matchAll(/type=secret,id=([\w.-]+)/g),
    ].flatMap(([, id = '']) => id),
  )
  expect([...new Set(mounted)].sort()).toEqual([...mountedIds, 'package-index'].sort())
})
