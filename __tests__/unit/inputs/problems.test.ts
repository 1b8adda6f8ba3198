import { describe, expect, it } from '@jest/globals'
import { UserError } from '../../../src/errors.ts'
import { inOne } from '../../../src/inputs/problems.ts'

describe('what two readers say of the inputs', () => {
  const fails = (message: string) => () => {
    throw new UserError(message)
  }

  it('is what they have read, where neither complains', () => {
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
  ])('is one error with the sentences %s', (_, first, second, expected) => {
    expect(() => inOne(first, second)).toThrow(new UserError(expected))
  })

  it('is no complaint where something else goes wrong', () => {
    const broken = () => {
      throw new TypeError('broken')
    }
    expect(() => inOne(fails('One.'), broken)).toThrow(TypeError)
  })
})
