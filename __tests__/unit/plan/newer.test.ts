import { describe, expect, it } from '@jest/globals'
import { newerReleases, newestVersion } from '../../../src/plan/versions/newer.ts'

describe('newer releases', () => {
  const tags = ['v0.9.0', 'v0.10.0', 'v0.10.1', 'v0.11.0rc1', 'v0.10.1-cu129', 'nightly', 'v0.10.0.post1']

  it.each([
    ['0.9.0', ['v0.10.1', 'v0.10.0.post1', 'v0.10.0']],
    ['0.10.0', ['v0.10.1', 'v0.10.0.post1']],
    ['0.10.1', []],
    ['0.11.0.dev3', []],
    [undefined, ['v0.10.1']],
  ])('than %s are stable and plain, newest first: %j', (published, expected) => {
    expect(newerReleases('engine', tags, published)).toEqual(expected)
  })

  it('are none of a repository without releases', () => {
    expect(newerReleases('engine', ['nightly'], undefined)).toEqual([])
  })
})

it.each([
  [['0.7.1', '0.10.0', '0.9.0'], '0.10.0'],
  [['0.7.0+cu130', 'v0.6.0'], '0.7.0'],
  [['nonsense'], undefined],
  [[], undefined],
])('the newest of %j is %s', (versions, newest) => {
  expect(newestVersion(versions)).toBe(newest)
})
