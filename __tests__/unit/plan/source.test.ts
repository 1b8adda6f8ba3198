import { expect, it } from '@jest/globals'
import { addressOf } from '../../../src/plan/git-repository.ts'

it.each([
  ['/srv/aibrix.git', '/srv/aibrix.git'],
  ['aibrix', 'aibrix'],
  ['.', '.'],
  ['/srv/a:b', '/srv/a:b'],
  ['a/b:c', 'a/b:c'],
  // Git would ask a host for it.
  ['a:b/c', './a:b/c'],
])('the path %s is %s to git', (path, expected) => {
  expect(addressOf({ kind: 'path', path })).toBe(expected)
})
