import { expect, it } from '@jest/globals'
import { isInRange } from '../../../src/plan/keys/extras.ts'

// As packaging 23.1, which pip has, answers
it.each([
  ['1.0', '<1.0.post1', true],
  ['0.5.5', '<0.5.5.post3', true],
  ['1.0rc1', '<1.0', false],
  ['1.0rc1', '<1.0rc2', true],
  ['1.0', '>1.0rc1', true],
  ['1.0.post1', '>1.0', false],
  ['1.0.post2', '>1.0.post1', true],
  ['1.0+cu129', '>1.0', false],
  ['1!1.0', '>1.0', true],
  ['1', '~=1.0.0', true],
  ['1', '==1.0.*', true],
  ['1.0+cu129', '==1.0', true],
  ['2.0a1', '>=1', true],
  ['1.1', '>1.0,!=1.1', false],
  ['1.0', '', true],
  ['no version', '>=1', false],
  ['no version', '', true],
])('%s is in %j: %s', (version, versions, expected) => {
  expect(isInRange(version, versions)).toBe(expected)
})
