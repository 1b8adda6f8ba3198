import { expect, it } from '@jest/globals'
import { expandTags } from '../../../src/plan/combination.ts'

const values = {
  ...{ engine: 'vllm', 'engine-version': 'v0.21.0', aibrix: 'v0.5.0' },
  ...{ nixl: '0.7.1', ucx: '1.19.0', date: '20251123' },
}

it.each<[string[], string[], string[]]>([
  [['stable', '{{engine-version}}'], [], []],
  [['stable', '{{engine-version}}'], ['stable'], ['stable']],
  [
    ['stable', '{{engine-version}}'],
    ['{{engine-version}}', 'stable'],
    ['stable', 'v0.21.0'],
  ],
  // Two templates give one tag.
  [['{{engine-version}}', 'v0.21.0'], ['v0.21.0'], []],
  [['v0.21.0', '{{engine-version}}'], ['v0.21.0'], []],
  [['{{engine-version}}', 'v0.21.0', 'stable'], ['{{engine-version}}', 'stable'], ['stable']],
  [['{{engine-version}}', 'v0.21.0'], ['v0.21.0', '{{engine-version}}'], ['v0.21.0']],
])('of the templates %j, with %j movable, the tags %j are', (texts, overwritable, expected) => {
  const templates = texts.map((text) => ({ text, dated: false }))
  expect(expandTags({ templates, overwritable }, values).overwritable).toEqual(expected)
})
