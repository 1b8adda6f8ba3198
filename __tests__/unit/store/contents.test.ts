import { describe, expect, it } from '@jest/globals'
import {
  candidateTag,
  copyTag,
  factsTag,
  inventoryTag,
  layersTag,
  namedCopiesTag,
  parseTag,
  planTag,
  reportTag,
  stagedTag,
  type StoredTag,
  verifiedTag,
} from '../../../src/store/contents.ts'
import { sha256 } from '../../../src/plan/canonical.ts'

const [buildId, key] = ['b'.repeat(64), '0123456789abcdef'.repeat(4)]
const leg = { buildId, architecture: 'arm64' }
const base = { manifestDigest: `sha256:${key}` } as const
const repository = { registry: 'docker.io', path: 'aibrix/vllm-openai' }
const verification = { digest: `sha256:${key}`, scripts: '0123456789ab' } as const
const upstream = 'docker.io/vllm/vllm-openai:v0.21.0'

describe('a tag of the cache repository', () => {
  it.each<[string, StoredTag]>([
    [stagedTag(leg), { kind: 'build', ...leg }],
    [reportTag(leg), { kind: 'report', ...leg }],
    [candidateTag(leg, '0123abcd'), { kind: 'candidate', ...leg, run: '0123abcd' }],
    [factsTag(base), { kind: 'facts', ...base }],
    [layersTag(base), { kind: 'layers', ...base }],
    [copyTag(base), { kind: 'base', ...base }],
    [namedCopiesTag(upstream), { kind: 'base-named', key: sha256(upstream) }],
    [`extension-${key}`, { kind: 'extension', key }],
    [`wheel-${key}`, { kind: 'wheel', key }],
    [`ucx-${key}`, { kind: 'ucx', key }],
    [inventoryTag(repository), { kind: 'inventory', key: sha256('docker.io/aibrix/vllm-openai') }],
    [planTag(key), { kind: 'plan', key }],
    [verifiedTag(verification), { kind: 'verified', ...verification }],
  ])('%s names what it was made from', (tag, stored) => {
    expect(parseTag(tag)).toEqual(stored)
  })

  it.each([
    'latest',
    'v0.21.0-aibrix-v0.7.0-nixl-0.7.1-20251123',
    `sha256-${key}`,
    `sha256-${key}.sig`,
    `build-${key}`,
    `build-${key}-`,
    `build-${key}-amd64-0123abcd`,
    `build-${key.slice(1)}-amd64`,
    `build-${key.toUpperCase()}-amd64`,
    `Build-${key}-amd64`,
    `my-build-${key}-amd64`,
    `candidate-${key}-amd64`,
    `candidate-${key}-amd64-0123abc`,
    `report-${key}-amd64.old`,
    `facts-${key}-amd64`,
    `plan-${key}0`,
    `verified-${key}`,
    `verified-${key}-0123`,
    `verified-${key}-0123456789AB`,
    `base-named-${key}-1`,
    `base-other-${key}`,
    `wheel-${key}\n`,
    '',
  ])('%j is of nobody that this action knows', (tag) => {
    expect(parseTag(tag)).toBeUndefined()
  })
})
