import { createStore } from '../../../src/store/store.ts'
import { describe, expect, it } from '@jest/globals'
import { promoteImages, type Promotion } from '../../../src/command/promote-images.ts'
import { type Build, runPlan } from '../../../src/command/run.ts'
import type { Plan, PlannedImage, PlannedLeg } from '../../../src/plan/plan.ts'
import { reportTag, stagedTag } from '../../../src/store/contents.ts'
import { requestedAttestations, noAttestations } from '../../../src/promote/attestations.ts'
import type { Digest } from '../../../src/registry/content/digest.ts'
import type { LegOutcome } from '../../../src/report/outcome.ts'
import { renderSummary } from '../../../src/report/summary/summary.ts'
import { annotationsOf } from '../../../src/report/annotations.ts'
import type { Rules } from '../../../src/verify/rules.ts'
import type { Gate } from '../../../src/verify/gate.ts'
import {
  cache,
  createMemory,
  type Memory,
  stageLeg,
  stageWithAttestations,
  vllm,
} from '../../support/memory-client.ts'
import { makeOutcomeReport, makePlan, makePlannedImage, makeRun, sglang } from '../../support/reports.ts'
import { runWorldOf } from '../../support/run-world.ts'
import { asRoot, makeBase, makeConfig, makeLeg, rules } from '../../support/verified-leg.ts'

const [image, another] = [makeLeg(), sglang()].map((leg, index) => withLeg(makePlannedImage(leg), index))
if (!image || !another) throw new Error('there are two')
const [leg] = image.legs
const plan = makePlan([image])
const tag = image.tags[0] ?? ''

function withLeg(of: PlannedImage, index: number, changes: Partial<PlannedLeg> = {}): PlannedImage {
  const [first] = of.legs
  return { ...of, legs: [{ ...first, buildId: String(index + 1).repeat(64), ...changes }] }
}

const waived: Gate = {
  name: 'pip-check',
  expected: 'nothing new',
  actual: '1 new problem',
  state: 'waived',
  hint: 'Look at it.',
  reason: 'only for today',
}
/** The gates of a leg that passes, except for one. */
const withGate = (gate: Gate): Gate[] =>
  makeOutcomeReport(leg).gates.map((each) => (each.name === gate.name ? gate : each))

const allows = (...waivers: [Gate['name'], string][]): Rules => ({ ...rules, waivers: new Map(waivers) })
const strict: Rules = { ...rules, addedBytesLimit: 1_000_000 }

type Way = (memory: Memory) => Promise<unknown>
const withWaiver: Way = (memory) => stageLeg(memory, leg, {}, { gates: withGate(waived) })
const allWell: Way = (memory) => stageLeg(memory, leg)

async function promoted(
  memory: Memory,
  own: Rules = rules,
  of: Plan = plan,
  attestations = noAttestations,
): Promise<Promotion> {
  const world = runWorldOf(memory, { rules: own, attestations })
  return promoteImages(of, { built: [], failFast: true, lookAgain: true }, world)
}

const states = ({ outcomes }: Promotion) => outcomes.map(({ state }) => state)
const legsOf = ({ outcomes }: Promotion): LegOutcome[] => outcomes.flatMap(({ legs }) => legs)
function errorOf(run: Promotion): string {
  const [found] = legsOf(run)
  return found?.state === 'failed' ? found.error : 'none'
}

describe('a leg that an earlier run has staged', () => {
  it.each<[string, Way, Rules, RegExp]>([
    [
      'with a waiver that this run does not give fails',
      withWaiver,
      rules,
      /other rules .*A gate failed: pip-check \(1 new problem\)\. Look at it\. .*waived this: "only for today"/,
    ],
    [
      'with a waiver fails if this run gives another one',
      withWaiver,
      allows(['ucx-tools', 'not now']),
      /pip-check .*only for today/,
    ],
    [
      'with more bytes than this run allows fails',
      allWell,
      strict,
      /added-bytes \(58\.1 MB\).*accepted that/,
    ],
    [
      'on a base with another ENTRYPOINT than planned passes',
      async (memory) => {
        const base = { ...leg.base, config: makeConfig({ entrypoint: ['vllm', 'serve'] }) }
        await stageLeg(memory, { ...leg, base })
      },
      rules,
      /none/,
    ],
  ])('%s', async (_, prepare, own, error) => {
    const memory = createMemory()
    await prepare(memory)
    const run = await promoted(memory, own)
    expect(errorOf(run)).toMatch(error)
    expect(Object.keys(memory.tagsOf(vllm))).toEqual(error.source === 'none' ? [tag] : [])
  })

  it('has its configuration judged again, whatever its report has', async () => {
    const memory = createMemory()
    await stageLeg(memory, leg)
    const config = makeConfig({ entrypoint: ['sh'] })
    const other = withLeg(image, 0, { base: { ...leg.base, config } })
    expect(errorOf(await promoted(memory, rules, makePlan([other])))).toMatch(
      /image-config \(ENTRYPOINT: \["sh"\]/,
    )
  })

  it('is published if this run gives the same waiver, for its own reason', async () => {
    const memory = createMemory()
    await withWaiver(memory)
    const run = await promoted(memory, allows(['pip-check', 'mine']))
    expect(states(run)).toEqual(['published'])
    expect(legsOf(run)).toMatchObject([
      {
        report: {
          gates: expect.arrayContaining([expect.objectContaining({ name: 'pip-check', reason: 'mine' })]),
        },
      },
    ])
  })

  it.each<[string, Way, string]>([
    ['no report', (memory) => Promise.resolve(memory.remove(cache, reportTag(leg))), 'has no report of it'],
    [
      'a report of another build',
      async (memory) => {
        const before = memory.tagsOf(cache)[stagedTag(leg)]
        await stageLeg(memory, leg, { again: 'true' })
        if (before) memory.tag(cache, stagedTag(leg), before)
      },
      'is of another build, sha256:',
    ],
    [
      'a report of another leg',
      async (memory) => {
        const other = await stageLeg(memory, leg, {}, { buildId: '9'.repeat(64) })
        memory.tag(cache, stagedTag(leg), other)
      },
      'is of another build',
    ],
    [
      'a report without a gate',
      (memory) =>
        stageLeg(memory, leg, {}, { gates: withGate(waived).filter(({ name }) => name !== 'pip-check') }),
      'without pip-check',
    ],
  ])('with %s counts as not staged', async (_, change, why) => {
    const memory = createMemory()
    await stageLeg(memory, leg)
    await change(memory)
    const run = await promoted(memory)
    expect(states(run)).toEqual(['failed'])
    expect(errorOf(run)).toContain(why)
    expect(memory.tagsOf(vllm)).toEqual({})
  })
})

describe('a leg that was staged under another tag of the same base', () => {
  const measured = asRoot(makeBase())
  it.each<[string, string, string, boolean, RegExp]>([
    ['with the same claims', 'v0.10.2-cu130', 'v0.10.2-cu130', false, /^none$/],
    ['with more claims', 'v0.10.2-cu130', 'v0.10.2', false, /^none$/],
    [
      'without claims, if nothing was measured',
      'v0.10.2-acme',
      'v0.10.2-cu130',
      false,
      /was verified as .*:v0\.10\.2-acme, which is not known to be cu130/,
    ],
    ['without claims, if the measured facts agree', 'v0.10.2-acme', 'v0.10.2-cu130', true, /^none$/],
    [
      'without claims, if the measured facts disagree',
      'v0.10.2-acme',
      'v0.10.2-cu121',
      true,
      /is not known to be cu121/,
    ],
    ['with another claim', 'v0.10.2-cu130', 'v0.10.2-ubuntu1804', true, /is not known to be ubuntu1804/],
  ])('%s', async (_, before, now, isMeasured, error) => {
    const memory = createMemory()
    const tagged = (name: string) => ({ ...leg, base: { ...leg.base, tag: name } })
    await stageLeg(memory, tagged(before))
    if (isMeasured) await createStore(memory.client, cache).facts.write(leg.base, measured)
    const run = await promoted(memory, rules, makePlan([withLeg(image, 0, { base: tagged(now).base })]))
    expect(errorOf(run)).toMatch(error)
    expect(Object.keys(memory.tagsOf(vllm))).toEqual(error.source === '^none$' ? [tag] : [])
  })
})

describe('a published image', () => {
  const published = async (prepare: Way, own: Rules = rules): Promise<{ memory: Memory; digest: Digest }> => {
    const memory = createMemory()
    await prepare(memory)
    expect(states(await promoted(memory, own))).toEqual(['published'])
    const digest = memory.tagsOf(vllm)[tag]
    if (!digest) throw new Error('it is published')
    return { memory, digest }
  }
  const tomorrow = (digest: Digest): Plan =>
    makePlan([
      {
        ...image,
        tags: ['tomorrow'],
        published: { kind: 'same', digest, tags: [tag], missingTags: ['tomorrow'] },
      },
    ])
  const waiver = allows(['pip-check', 'only for today'])

  it.each<[string, Way, Rules, RegExp]>([
    [
      'with a waiver that this run does not give',
      withWaiver,
      waiver,
      /would get no new one.*pip-check.*only for today/,
    ],
    ['with more bytes than this run allows', allWell, strict, /./],
  ])('%s keeps its tag, with a warning', async (_, prepare, own, warning) => {
    const lax = own === strict ? rules : own
    const { memory } = await published(prepare, lax)
    const run = await promoted(memory, own === strict ? strict : rules)
    expect(states(run)).toEqual(['unchanged'])
    const shown = makeRun(run.outcomes)
    expect(annotationsOf(shown).filter(({ level }) => level === 'error')).toEqual([])
    expect(
      annotationsOf(shown)
        .map(({ message }) => message)
        .join(),
    ).toMatch(warning)
    expect(renderSummary(shown)).toContain('It keeps its public tags')
  })

  it('without a report keeps its tag, with a warning', async () => {
    const { memory } = await published(allWell)
    memory.remove(cache, reportTag(leg))
    const run = await promoted(memory)
    expect(states(run)).toEqual(['unchanged'])
    expect(legsOf(run)).toMatchObject([
      { warnings: [expect.stringContaining('nothing says how it was judged')] },
    ])
  })

  it.each<[string, Rules, string, string]>([
    ['without that waiver', rules, 'failed', 'pip-check (1 new problem)'],
    ['with that waiver', waiver, 'published', 'none'],
  ])('with a waiver is judged for another tag in a run %s', async (_, own, state, error) => {
    const { memory, digest } = await published(withWaiver, waiver)
    const run = await promoted(memory, own, tomorrow(digest))
    expect(states(run)).toEqual([state])
    expect(errorOf(run)).toContain(error)
    expect(Object.keys(memory.tagsOf(vllm)).includes('tomorrow')).toBe(state === 'published')
  })

  it('whose report is lost gets no other tag', async () => {
    const { memory, digest } = await published(allWell)
    memory.remove(cache, reportTag(leg))
    expect(states(await promoted(memory, rules, tomorrow(digest)))).toEqual(['failed'])
    expect(Object.keys(memory.tagsOf(vllm))).toEqual([tag])
  })

  it('of two platforms has the reports of its own legs, and no later ones', async () => {
    const two = makePlannedImage(makeLeg(), ['linux/amd64', 'linux/arm64'])
    const [amd64, arm64 = two.legs[0]] = two.legs
    const memory = createMemory()
    for (const each of two.legs) await stageLeg(memory, each)
    expect(states(await promoted(memory, rules, makePlan([two])))).toEqual(['published'])
    expect(legsOf(await promoted(memory, rules, makePlan([two])))).toMatchObject([
      { report: { platform: 'linux/amd64' } },
      { report: { platform: 'linux/arm64' } },
    ])
    await stageLeg(memory, arm64, { again: 'true' })
    const run = await promoted(memory, rules, makePlan([two]))
    expect(states(run)).toEqual(['unchanged'])
    expect(legsOf(run)).toMatchObject([
      { leg: { id: amd64.id }, report: { platform: 'linux/amd64' } },
      { report: undefined, warnings: [expect.stringContaining('is of another build')] },
    ])
  })
})

describe('attestations that a run requests', () => {
  const provenance = { type: 'https://slsa.dev/provenance/v0.2', text: '{"predicate":{"metadata":{}}}' }
  const complete = { ...provenance, text: '{"predicate":{"buildConfig":{"llbDefinition":[]}}}' }
  const newer = {
    type: 'https://slsa.dev/provenance/v1',
    text: '{"predicate":{"buildDefinition":{"internalParameters":{"buildConfig":{}}}}}',
  }
  const sbom = { type: 'https://spdx.dev/Document', text: '{}' }

  it.each([
    ['provenance, of an image without', 'true', undefined, [], 'has no provenance, which this run requests'],
    ['provenance', 'mode=min', undefined, [provenance], 'none'],
    [
      'provenance of mode=max, of an image with less',
      'mode=max',
      undefined,
      [provenance],
      'no provenance of mode=max, which this run requests',
    ],
    ['provenance of mode=max', 'mode=max,version=v0.2', undefined, [complete], 'none'],
    ['provenance of mode=max in the other format', 'mode=max', undefined, [newer], 'none'],
    ['an SBOM, of an image without', undefined, 'true', [provenance], 'has no SBOM, which this run requests'],
    ['an SBOM', undefined, 'generator=x/y', [provenance, sbom], 'none'],
    [
      'an SBOM, of an image with that of another one',
      undefined,
      'true',
      [{ ...sbom, other: true }],
      'has no SBOM, which this run requests',
    ],
    [
      'both, of an image without',
      'true',
      'true',
      [],
      'has no provenance and no SBOM, which this run requests',
    ],
    ['none', 'false', 'false', [], 'none'],
    ['none, of an image with provenance', undefined, undefined, [provenance], 'none'],
  ])('are %s', async (_, given, bill, has, error) => {
    const memory = createMemory()
    await stageWithAttestations(memory, leg, has)
    const asked = requestedAttestations({ provenance: given, sbom: bill })
    const run = await promoted(memory, rules, plan, asked)
    expect(errorOf(run)).toContain(error)
    expect(states(run)).toEqual([error === 'none' ? 'published' : 'failed'])
  })

  it('are a warning if the image keeps its tag', async () => {
    const memory = createMemory()
    await stageWithAttestations(memory, leg, [provenance])
    expect(states(await promoted(memory))).toEqual(['published'])
    const run = await promoted(memory, rules, plan, { provenance: 'any', sbom: true })
    expect(states(run)).toEqual(['unchanged'])
    expect(legsOf(run)).toMatchObject([{ warnings: [expect.stringContaining('has no SBOM')] }])
  })
})

describe('a run with one staged leg and one to build', () => {
  const both = makePlan([withLeg(image, 0, { existing: 'staged' }), another])

  it.each([
    [true, ['failed', 'skipped'], 0],
    [false, ['failed', 'published'], 1],
  ])('with fail-fast: %s ends as %j if its rules refuse the first', async (failFast, expected, builds) => {
    const memory = createMemory()
    await withWaiver(memory)
    let built = 0
    const build: Build = async (legs) => {
      built += legs.length
      const outcomes: LegOutcome[] = []
      for (const each of legs) {
        const report = makeOutcomeReport(each, undefined, { digest: await stageLeg(memory, each) })
        outcomes.push({ leg: each, state: 'built', report })
      }
      return outcomes
    }
    const run = await runPlan(both, { push: true, failFast }, runWorldOf(memory), build)
    expect(states(run)).toEqual(expected)
    expect(built).toBe(builds)
    expect(errorOf(run)).toContain('pip-check')
  })
})
