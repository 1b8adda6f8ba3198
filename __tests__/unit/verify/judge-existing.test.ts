import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { buildId, determinantsLabel, determinantsOf } from '../../../src/plan/keys/build-id.ts'
import { sha256 } from '../../../src/plan/canonical.ts'
import { buildIdLabel } from '../../../src/plan/published/published.ts'
import type { Leg } from '../../../src/plan/plan.ts'
import { completed } from '../../../src/verify/completed.ts'
import type { LegFacts } from '../../../src/verify/facts.ts'
import { allGateNames, type Gate } from '../../../src/verify/gate.ts'
import { type Expectation, judgeExisting } from '../../../src/verify/judge-existing.ts'
import { judgeFacts } from '../../../src/verify/judge.ts'
import { readLabelledLeg, sourceOf } from '../../../src/verify/labelled-leg.ts'
import { labelsOf } from '../../../src/verify/labels.ts'
import { makeBase, makeCandidate, makeFacts, makeLeg } from '../../support/verified-leg.ts'

function legOf(changes: Partial<Leg> = {}): Leg {
  const leg = makeLeg(changes)
  return { ...leg, buildId: buildId(determinantsOf(leg, leg.recipe)) }
}

const published = labelsOf(legOf(), makeFacts(), new Map())
const all = { engine: true, aibrix: true, nixl: true }

function byLabels(labels: Record<string, string>, changes: Partial<Expectation> = {}): Expectation {
  const read = readLabelledLeg(labels)
  if (!read) throw new Error('no labels')
  const leg = read.legOn(makeLeg().base, 'linux/amd64')
  return { leg, labelled: { leg, labels }, base: { state: 'measured' }, given: all, ...changes }
}

function judge(expected: Expectation, facts: LegFacts = makeFacts()): Gate[] {
  const candidate = makeCandidate()
  return judgeExisting(expected, { facts, candidate, gpu: undefined }, { addedBytes: 100_000_000 })
}

function statesOf(gates: readonly Gate[]): Record<string, string> {
  return Object.fromEntries(gates.map(({ name, state }) => [name, state]))
}

const others = (gates: readonly Gate[]) =>
  gates.flatMap(({ name, state }) =>
    state === 'pass' || name.startsWith('gpu-') ? [] : [`${name}: ${state}`],
  )

describe('an image of this action', () => {
  it('passes every gate by its own labels, except those that need a GPU', () => {
    const gates = judge(byLabels(published))
    expect(gates.map(({ name }) => name)).toEqual([...allGateNames])
    expect(others(gates)).toEqual([])
    expect(statesOf(gates)['gpu-engine']).toBe('not applicable')
  })

  it('with packages and files of the user passes, too, and fails without them', () => {
    const extraFiles = { digest: '6'.repeat(64), size: { files: 1, bytes: 10 } }
    const leg = legOf({ extraPackages: ['sample-extra==1.0'], extraFiles })
    const facts = makeFacts()
    facts.image.pip['sample-extra'] = '1.0'
    facts.image.extraPackages = { added: ['sample-extra'], leftOut: [] }
    facts.image.extraFiles = {
      digest: extraFiles.digest,
      files: [{ path: '/opt/x', bytes: 10 }],
      covered: [],
    }
    const expected = byLabels(labelsOf(leg, facts, new Map()))
    expect(others(judge(expected, facts))).toEqual([])
    expect(others(judge(expected))).toContain('extra-contents: fail')
    facts.image.pip['sample-extra'] = 'no version'
    expect(others(judge(expected, facts))).toContain('extra-contents: fail')
  })

  it.each<[string, (facts: LegFacts) => void, string[]]>([
    [
      'a package of the base was replaced',
      ({ image }) => {
        image.pip.numpy = '1.0.0'
      },
      ['environment-untouched: fail'],
    ],
    [
      'its NIXL is another one',
      ({ image }) => {
        image.nixl.distributions = { nixl: '0.8.0', 'nixl-cu13': '0.8.0' }
      },
      ['nixl-variant: fail', 'nixl-ucx: follows', 'labels: fail'],
    ],
  ])('fails when %s', (_, change, expected) => {
    const facts = makeFacts()
    change(facts)
    expect(others(judge(byLabels(published), facts))).toEqual(expected)
  })

  it.each([
    ['io.aibrix.image.torch', '2.12.0', /torch says 2\.12\.0, and 2\.11\.0\+cu130 was measured/],
    ['io.aibrix.image.nixl', '', /nixl says nothing, and 0\.7\.1 was measured/],
    ['io.aibrix.image.conditions', 'ucx-tools: none', /conditions says ucx-tools: none, and nothing was/],
    ['io.aibrix.image.engine-commit', 'c'.repeat(40), /engine-commit says c+, and nothing was measured/],
    ['io.aibrix.image.aibrix-commit', '0'.repeat(40), /aibrix-commit says 0+, and c5465890/],
    [buildIdLabel, 'e'.repeat(64), /is not the build id of the label io\.aibrix\.image\.determinants/],
    ['io.aibrix.image.waived', 'torch-untouched=trust me', undefined],
    ['io.aibrix.image.action-version', '99.0.0', undefined],
    ['io.aibrix.image.of-a-later-version', 'anything', undefined],
  ])('says with the label %s: %s', (name, value, hint) => {
    const gates = judge(byLabels({ ...published, [name]: value }))
    const labels = gates.find((gate) => gate.name === 'labels')
    if (hint === undefined) expect(labels?.state).toBe('pass')
    else expect(labels).toMatchObject({ state: 'fail', hint: expect.stringMatching(hint) })
  })

  it('has advice for whoever has the image, and not for whoever builds it', () => {
    const facts = makeFacts()
    facts.image.pip.numpy = '1.0.0'
    const gate = judge(byLabels(published), facts).find(({ name }) => name === 'environment-untouched')
    expect(gate).toHaveProperty(
      'hint',
      expect.stringMatching(/it was changed since: do not use it, and build it again\.$/),
    )
  })

  it('is not excused by a waiver in its own label', () => {
    const facts = makeFacts()
    facts.image.pip.numpy = '1.0.0'
    const gates = judge(
      byLabels({ ...published, 'io.aibrix.image.waived': 'environment-untouched=why not' }),
      facts,
    )
    expect(statesOf(gates)['environment-untouched']).toBe('fail')
  })

  it('is undetermined where its base cannot be found, and judged in everything else', () => {
    const facts = makeFacts()
    const lost = { state: 'lost', why: 'its base is not there' } as const
    const base = { ...facts.image, user: facts.base.user }
    const gates = judge(byLabels(published, { base: lost }), { base, image: facts.image })
    expect(others(gates).filter((one) => one.endsWith('undetermined'))).toEqual([
      ...['torch-untouched', 'environment-untouched', 'pip-check', 'entrypoint'].map(
        (name) => `${name}: undetermined`,
      ),
      ...['image-config', 'added-bytes'].map((name) => `${name}: undetermined`),
    ])
  })

  it.each([
    [{ ofALaterVersion: 'x' }, 'pass'],
    [{ platform: 'linux/arm64' }, 'fail'],
  ])('may be of another version of this action, whose determinants are others, too: %j', (change, state) => {
    const own = JSON.parse(published[determinantsLabel] ?? '') as object
    const text = JSON.stringify({ ...own, ...change })
    const labels = { ...published, [determinantsLabel]: text, [buildIdLabel]: sha256(text) }
    const gate = judge(byLabels(labels)).find(({ name }) => name === 'labels')
    expect(gate?.state).toBe(state)
    if (state === 'fail')
      expect(gate).toHaveProperty(
        'hint',
        expect.stringContaining('determinants (platform) says linux/arm64, and linux/amd64 was measured'),
      )
  })

  it('has labels that agree, also those that only its base could confirm', () => {
    const commit = 'c'.repeat(40)
    const { base } = makeLeg()
    const stated = {
      'org.opencontainers.image.revision': commit,
      'org.opencontainers.image.source': 'https://github.com/vllm-project/vllm',
    }
    const leg = legOf({ base: { ...base, config: { ...base.config, labels: stated } } })
    const labels = { ...labelsOf(leg, makeFacts(), new Map()), 'io.aibrix.image.of-a-later-version': 'x' }
    expect(labels).toHaveProperty(['io.aibrix.image.engine-commit'], commit)
    const found = byLabels(labels)
    // In place of the base, which is lost
    const own = { ...found.leg, base: { ...base, config: { ...base.config, labels } } }
    const lost = { state: 'lost', why: 'its base is not there' } as const
    const gates = judge({ ...found, leg: own, labelled: { leg: own, labels }, base: lost })
    expect(gates.find(({ name }) => name === 'labels')).toMatchObject({ state: 'pass' })
  })

  it('is compared with a version that is given instead of the one in its labels', () => {
    const expected = byLabels(published)
    const gates = judge({ ...expected, leg: { ...expected.leg, nixl: '1.0.0' } })
    expect(others(gates)).toEqual(['nixl-variant: fail', 'nixl-ucx: follows'])
  })
})

describe('labels', () => {
  it('give the leg that the image was built from', () => {
    const ucx = legOf().ucx
    const leg = byLabels(published).leg
    expect(leg).toMatchObject({
      ...legOf(),
      id: 'verify',
      aibrix: { commit: legOf().aibrix.commit },
      ucx: { commit: ucx?.commit },
    })
    expect(judgeFacts(leg, makeFacts()).every(({ state }) => state === 'pass')).toBe(true)
  })

  it.each(['../../other/manifests/v1', 'A'.repeat(64), `${'a'.repeat(64)}\n`])(
    'have no build id that is none: %j',
    (id) => {
      const expected = byLabels({ ...published, [buildIdLabel]: id })
      expect(expected.leg.buildId).toBe('')
      expect(others(judge(expected))).toEqual(['labels: fail'])
    },
  )

  it.each([
    ['none', {}],
    ['of an image of others', { 'org.opencontainers.image.title': 'vLLM' }],
    ['that are no JSON', { [determinantsLabel]: '{' }],
    [
      'with another engine',
      { [determinantsLabel]: (published[determinantsLabel] ?? '').replace('vllm', 'trtllm') },
    ],
    [
      'that are too long',
      { [determinantsLabel]: `${published[determinantsLabel] ?? ''}${' '.repeat(1 << 16)}` },
    ],
  ])('are not those of this action: %s', (_, labels) => {
    expect(readLabelledLeg(labels)).toBeUndefined()
  })

  it('may say anything without an exception', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        readLabelledLeg({ [determinantsLabel]: text })
      }),
    )
  })

  it('with any text in them lead to a verdict', () => {
    const own = JSON.parse(published[determinantsLabel] ?? '') as Record<string, unknown>
    const fields = [
      'engineVersion',
      'nixl',
      'ucxVersion',
      'aibrixTag',
      'gpuArchitectures',
      'recipe',
      'platform',
    ]
    fc.assert(
      fc.property(fc.constantFrom(...fields), fc.string(), fc.string(), (field, text, other) => {
        const labels = { ...published, [determinantsLabel]: JSON.stringify({ ...own, [field]: text }) }
        const read = readLabelledLeg(labels)
        if (read) expect(judge(byLabels({ ...labels, [other]: text }))).toHaveLength(allGateNames.length)
      }),
    )
  })
})

describe('an image of others', () => {
  const unlabelled = (given: Expectation['given']): Expectation => {
    const leg = makeLeg({ aibrix: sourceOf('v0.7.0', '', 'tag'), ucx: null, ucxVersion: null })
    return { leg, labelled: undefined, base: { state: 'unnamed' }, given }
  }

  function judgeOther(
    given: Expectation['given'],
    change: (facts: LegFacts) => void = () => undefined,
  ): Gate[] {
    const { image } = makeFacts()
    change({ base: image, image })
    const facts = { base: { ...image, user: makeBase().user }, image }
    return judge(completed(unlabelled(given), facts), facts)
  }

  it('is judged by the versions that are given, and by what needs no base', () => {
    const states = statesOf(judgeOther(all))
    const passed = Object.keys(states).filter((name) => states[name] === 'pass')
    expect(passed).toEqual([
      ...['engine-version', 'aibrix-version', 'extension', 'gpu-architectures', 'cuda-major', 'nixl-variant'],
      ...[
        'nixl-ucx',
        'second-libucp',
        'as-it-runs',
        'extra-contents',
        'engine-demands',
        'nixl-transfer',
        'kvcache-round-trip',
      ],
      'media-types',
    ])
    expect(Object.values(states)).not.toContain('fail')
  })

  it('is none if it has labels of this action that are broken', () => {
    const { image } = makeFacts()
    const facts = { base: { ...image, user: makeBase().user }, image }
    const gates = judge({ ...completed(unlabelled(all), facts), hasBrokenLabels: true }, facts)
    expect(gates.filter(({ state }) => state === 'fail')).toMatchObject([
      {
        name: 'labels',
        hint: expect.stringContaining('nothing can be read in io.aibrix.image.determinants'),
      },
    ])
  })

  it('fails with another engine version', () => {
    const gates = judgeOther(all, ({ image }) => {
      image.engines = [{ name: 'vllm', version: '0.20.0', location: '/x', editable: false }]
    })
    expect(gates[0]).toMatchObject({ state: 'fail', actual: 'vllm 0.20.0', expected: 'vllm 0.21.0' })
  })

  it.each([
    ['engine', ['engine-version']],
    ['aibrix', ['aibrix-version', 'extension', 'gpu-architectures', 'kvcache-round-trip']],
    ['nixl', ['nixl-variant', 'nixl-ucx']],
  ] as const)('has no gate on %s without its version', (missing, names) => {
    const states = statesOf(judgeOther({ ...all, [missing]: false }))
    for (const name of names) expect([name, states[name]]).toEqual([name, 'not applicable'])
  })

  it('may be the plain engine, without AIBrix and NIXL', () => {
    const gates = judgeOther({ engine: true, aibrix: false, nixl: false }, ({ image }) => {
      Object.assign(image, { aibrix: null, bundledUcx: null, nixl: { distributions: {}, modules: [] } })
    })
    expect(gates.filter(({ state }) => !['pass', 'not applicable'].includes(state))).toEqual([])
  })
})
