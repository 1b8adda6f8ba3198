import { describe, expect, it } from '@jest/globals'
import { engineCommit } from '../../../src/plan/engine-commit.ts'

const one = '1'.repeat(40)
const other = '2'.repeat(40)
const revision = 'org.opencontainers.image.revision'
const source = 'org.opencontainers.image.source'
const vllm = 'https://github.com/vllm-project/vllm'
const sglang = 'https://github.com/sgl-project/sglang'

describe("the engine's commit", () => {
  it.each<[string, 'vllm' | 'sglang', Record<string, string>]>([
    ['the label of a build of vLLM', 'vllm', { 'ai.vllm.build.commit': one }],
    ['the label of a build of SGLang', 'sglang', { 'ai.sglang.build.commit': one }],
    ['the revision of vLLM', 'vllm', { [source]: vllm, [revision]: one }],
    ['the revision of SGLang', 'sglang', { [source]: sglang, [revision]: one }],
    ['the revision of an address with .git', 'vllm', { [source]: `${vllm}.git`, [revision]: one }],
    ['the revision of an address with a slash', 'vllm', { [source]: `${vllm}/`, [revision]: one }],
    [
      'the label of its build, if what was built on it has a revision of its own',
      'vllm',
      { 'ai.vllm.build.commit': one, [source]: vllm, [revision]: other },
    ],
    [
      'the revision, if its build was not told',
      'vllm',
      { 'ai.vllm.build.commit': 'unknown', [source]: vllm, [revision]: one },
    ],
  ])('is %s', (_, engine, labels) => {
    expect(engineCommit(engine, labels)).toBe(one)
  })

  it.each<[string, Record<string, string>]>([
    ['there are no labels', {}],
    ['its build was not told', { 'ai.vllm.build.commit': 'unknown', [source]: vllm, [revision]: 'unknown' }],
    ['a revision names no repository', { [revision]: one }],
    ['a revision is of another repository', { [source]: 'https://github.com/acme/vllm', [revision]: one }],
    ['the label is of another engine', { 'ai.sglang.build.commit': one, [source]: sglang, [revision]: one }],
    ['a hash is short', { 'ai.vllm.build.commit': one.slice(0, 12) }],
    ['a hash is followed by a line', { 'ai.vllm.build.commit': `${one}\nx` }],
    ['a hash is in capitals', { 'ai.vllm.build.commit': 'A'.repeat(40) }],
    ['a label is emptied', { 'ai.vllm.build.commit': '', [source]: '', [revision]: '' }],
  ])('is unknown if %s', (_, labels) => {
    expect(engineCommit('vllm', labels)).toBeUndefined()
  })
})
