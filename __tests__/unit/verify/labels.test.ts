import { describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { buildId, determinantsOf } from '../../../src/plan/keys/build-id.ts'
import type { Leg } from '../../../src/plan/plan.ts'
import { labelDescriptions } from '../../../script/label-descriptions.ts'
import { conditionsLabel, labelsOf, waivedLabel } from '../../../src/verify/labels.ts'
import { makeFacts, makeLeg, ucxOf } from '../../support/verified-leg.ts'

const idOf = (leg: Leg) => buildId(determinantsOf(leg, leg.recipe))
const labels = (leg: Leg) => labelsOf(leg, makeFacts(), new Map())
const branch = makeLeg({ aibrix: { ...makeLeg().aibrix, kind: 'branch', ref: 'main' } })

describe('no label depends on what is not in the build id', () => {
  it.each<[string, Leg, Partial<Leg>]>([
    [
      'the mirror that the base came from',
      makeLeg(),
      {
        base: {
          ...makeLeg().base,
          repository: { registry: 'mirror.example:5000', path: 'a/vllm/vllm-openai' },
        },
      },
    ],
    [
      'the index that the base was found in',
      makeLeg(),
      { base: { ...makeLeg().base, digest: `sha256:${'c'.repeat(64)}` } },
    ],
    ['another tag of the same base', makeLeg(), { version: { tag: 'v0.21.0-cu130', release: '0.21.0' } }],
    [
      'the repository that AIBrix came from',
      makeLeg(),
      { aibrix: { ...makeLeg().aibrix, repository: { kind: 'url', url: 'https://git.example/fork' } } },
    ],
    [
      'the repository on the runner that UCX came from',
      makeLeg(),
      { ucx: { ...ucxOf(makeLeg()), repository: { kind: 'path', path: '/home/me/ucx' } } },
    ],
    ['the name of a branch', branch, { aibrix: { ...branch.aibrix, ref: 'release-0.7' } }],
    [
      'a commit that was requested by its hash',
      branch,
      { aibrix: { ...branch.aibrix, kind: 'commit', ref: branch.aibrix.commit } },
    ],
  ])('%s', (_, leg, changes) => {
    const other = { ...leg, ...changes }
    expect(idOf(other)).toBe(idOf(leg))
    expect(labels(other)).toEqual(labels(leg))
  })
})

it('the version of the action is a label, and not a determinant of the build id', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
  expect(labels(makeLeg())['io.aibrix.image.action-version']).toBe(version)
  expect(JSON.stringify(determinantsOf(makeLeg(), ''))).not.toContain('action')
})

const onBase = (inherited: Record<string, string>): Leg => {
  const { base } = makeLeg()
  return makeLeg({ base: { ...base, config: { ...base.config, labels: inherited } } })
}

describe('a label of the base', () => {
  it.each([
    ['that says which gates were waived', 'io.aibrix.image.waived', ''],
    ['of a component that is not measured in the image', 'io.aibrix.image.gpu-architectures-of-old', ''],
    ['with its licences', 'org.opencontainers.image.licenses', ''],
    ['with the name of its distribution', 'org.opencontainers.image.ref.name', ''],
    ['in the form of before', 'org.label-schema.vcs-ref', ''],
    ['that the image has, too', 'org.opencontainers.image.version', 'v0.21.0-aibrix-v0.7.0-nixl-0.7.1'],
  ])('%s does not stay', (_, name, expected) => {
    expect(labels(onBase({ [name]: 'a lie' }))[name]).toBe(expected)
  })

  it('that does not describe one image stays as it is', () => {
    expect(labels(onBase({ 'com.nvidia.volumes.needed': 'nvidia_driver', maintainer: 'NVIDIA' }))).toEqual(
      labels(makeLeg()),
    )
  })

  it('does not exist without one', () => {
    expect(labels(makeLeg())).not.toHaveProperty('io.aibrix.image.waived')
  })
})

it("the engine's commit is a label, if the base names one", () => {
  const commit = '1'.repeat(40)
  const labelled = labels(onBase({ 'ai.vllm.build.commit': commit }))
  expect(labelled['io.aibrix.image.engine-commit']).toBe(commit)
  // That of the image is AIBrix'.
  expect(labelled['org.opencontainers.image.revision']).toBe(makeLeg().aibrix.commit)
  expect(labels(onBase({ 'ai.vllm.build.commit': 'unknown' }))).not.toHaveProperty([
    'io.aibrix.image.engine-commit',
  ])
})

it('conditions are a label, unless the image itself meets them', () => {
  const labelled = (set: string | null) => {
    const facts = makeFacts()
    facts.image.conditions = [{ kind: 'environment', name: 'A=0', reason: 'so it is', set }]
    return labelsOf(makeLeg(), facts, new Map())['io.aibrix.image.conditions']
  }
  expect([labelled(null), labelled('1'), labelled('0')]).toEqual(['A=0', 'A=0', undefined])
  expect(labels(makeLeg())).not.toHaveProperty(['io.aibrix.image.conditions'])
})

it('describes every label, and no other', () => {
  const described = labelDescriptions.flatMap(([name]) => {
    const [, start = '', names = ''] = /^(.*)\{(.*)\}$/.exec(name) ?? []
    return names === '' ? [name] : names.split(',').map((one) => start + one)
  })
  const onLabelled = onBase({ 'ai.vllm.build.commit': '1'.repeat(40) })
  const all = [...Object.keys(labels(onLabelled)), conditionsLabel, waivedLabel]
  expect(described.toSorted()).toEqual(all.toSorted())
})
