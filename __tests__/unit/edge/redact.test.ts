import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { createRedact, maskedValues } from '../../../src/edge/redact.ts'

describe('what must appear nowhere', () => {
  it.each([
    ['a password', ['hunter2!'], 'login with hunter2! failed', 'login with *** failed'],
    ['one line of several', ['first line\nsecond line'], 'cat: second line', 'cat: ***'],
    ['its spelling in a URL', ['p@ss/word'], 'https://u:p%40ss%2Fword@host', 'https://u:***@host'],
    ['its base64', ['hunter2!'], Buffer.from('hunter2!').toString('base64'), '***'],
    ['the longer one of two that overlap', ['abcd', 'abcdef'], 'abcdef', '***'],
  ])('%s is replaced', (_, secrets, text, expected) => {
    expect(createRedact(secrets)(text)).toBe(expected)
  })

  it('is gone from whatever text it stands in', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 8 }), fc.string(), fc.string(), (secret, before, after) => {
        fc.pre(!secret.includes('*') && secret.trim() === secret && !`${before}***${after}`.includes(secret))
        expect(createRedact([secret])(`${before}${secret}${after}`)).not.toContain(secret)
      }),
    )
  })

  it('does not blacken single characters of a secret with several lines', () => {
    expect(createRedact(['{\n"key": 1\n}'])('{ }')).toBe('{ }')
    expect(maskedValues(['{\n"key": 1\n}'])).toEqual(['{\n"key": 1\n}', '"key": 1'])
  })
})
