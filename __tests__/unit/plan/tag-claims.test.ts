import { expect, it } from '@jest/globals'
import { refuseFalseText } from '../../../src/plan/published/tag-claims.ts'

const values = {
  ...{ engine: 'vllm', 'engine-version': 'v0.10.2', aibrix: 'v0.5.0' },
  ...{ nixl: '0.7.1', ucx: '1.19.0', date: '20251123' },
}
const allowed = (text: string) => {
  refuseFalseText({ text, dated: false }, values)
}

it.each([
  'v0.10.2-aibrix-v0.5.0-nixl-0.7.1-20251123',
  '0.10-aibrix-0.5-nixl-0.7',
  '{{engine-version}}-aibrix-{{aibrix}}-nixl-{{nixl}}-{{date}}',
  'stable',
  'v1.2.3',
  'nightly-20251123',
  'aibrix-{{engine-version}}',
  'aibrix-stable',
  'nixl-1',
  'ucx-1.19.0',
])('the tag %s says nothing that is false', allowed)

it.each([
  ['v0.99.0-aibrix-v0.5.0', 'the engine is v0.99.0, but it is v0.10.2; write {{engine-version}} there'],
  ['v0.10-aibrix-v0.8.0', 'AIBrix is v0.8.0, but it is v0.5.0; write {{aibrix}} there'],
  ['stable-nixl-0.7.10', 'NIXL is 0.7.10, but it is 0.7.1'],
  ['nixl-0.7.1-ucx-1.20.0', 'UCX is 1.20.0, but it is 1.19.0'],
  ['{{engine-version}}-aibrix-v0.5.1-nixl-{{nixl}}', 'AIBrix is v0.5.1, but it is v0.5.0'],
])('the tag %s is refused', (text, why) => {
  expect(() => {
    refuseFalseText({ text, dated: false }, values)
  }).toThrow(`tags: "${text}" says that ${why}`)
})

it('a release is refused for a branch or a commit', () => {
  const text = 'v0.10.2-aibrix-v0.5.0'
  expect(() => {
    refuseFalseText({ text, dated: false }, { ...values, aibrix: 'main-52405d7' })
  }).toThrow('AIBrix is v0.5.0, but it is main-52405d7')
})
