import { describe, expect, it } from '@jest/globals'
import { UserError } from '../../../src/errors.ts'
import { inOne } from '../../../src/inputs/problems.ts'

describe('two readers in one', () => {
  const fails = (message: string) => () => {
    throw new UserError(message)
  }

  it('return both values if neither throws', () => {
    expect(
      inOne(
        () => 1,
        () => 'a',
      ),
    ).toEqual([1, 'a'])
  })

  it.each([
    ['of the first', fails('One.'), () => 2, 'One.'],
    ['of the second', () => 1, fails('Two.'), 'Two.'],
    ['of both', fails('One.'), fails('Two.'), 'One.\nTwo.'],
  ])('throw one error with the sentences %s', (_, first, second, expected) => {
    expect(() => inOne(first, second)).toThrow(new UserError(expected))
  })

  it('throw an unexpected error as it is', () => {
    const broken = () => {
      throw new TypeError('broken')
    }
    expect(() => inOne(fails('One.'), broken)).toThrow(TypeError)
  })
})
