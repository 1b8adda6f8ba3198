import { describe, expect, it } from '@jest/globals'
import { promoteImages } from '../../../src/command/promote-images.ts'
import { tagImage } from '../../../src/command/tag/tag-image.ts'
import { readImage } from '../../../src/inputs/named-image.ts'
import { InputReader } from '../../../src/inputs/problems.ts'
import { canonicalJson } from '../../../src/plan/canonical.ts'
import { determinantsLabel, determinantsOf } from '../../../src/plan/keys/build-id.ts'
import type { PlannedImage, PlannedLeg } from '../../../src/plan/plan.ts'
import { parseTemplate } from '../../../src/plan/published/tag.ts'
import type { PlanRequest } from '../../../src/plan/request.ts'
import { noAttestations } from '../../../src/promote/attestations.ts'
import { type Digest, digestOf } from '../../../src/registry/content/digest.ts'
import { newlyTagged } from '../../../src/report/attestation/newly-published.ts'
import type { TagRun } from '../../../src/report/tag/tag-run.ts'
import { reportTag, stagedTag } from '../../../src/store/contents.ts'
import type { LegReport } from '../../../src/store/leg-report.ts'
import type { Gate, GateName } from '../../../src/verify/gate.ts'
import {
  cache,
  createMemory,
  type Memory,
  putImage,
  sglang as sglangImages,
  stageLeg,
  vllm,
} from '../../support/memory-client.ts'
import { request, selectors } from '../../support/plan-world.ts'
import { makeOutcomeReport, makePlan, makePlannedImage, sglang } from '../../support/reports.ts'
import { runWorldOf } from '../../support/run-world.ts'
import { makeLeg, rules } from '../../support/verified-leg.ts'

const two = ['linux/amd64', 'linux/arm64'] as const

/** An image whose legs have their own build ids. */
function imageOf(leg = makeLeg(), platforms: readonly [string, ...string[]] = ['linux/amd64']): PlannedImage {
  const image = makePlannedImage(leg, platforms, { tags: ['dated'] })
  const own = (planned: PlannedLeg): PlannedLeg => ({
    ...planned,
    buildId: digestOf(Buffer.from(planned.id)).slice('sha256:'.length),
  })
  const [first, ...others] = image.legs
  return { ...image, legs: [own(first), ...others.map(own)] }
}

const image = imageOf()
const [leg] = image.legs
const earlier = imageOf(makeLeg({ version: { tag: 'v0.20.0', release: '0.20.0' } }))
const ofSglang = imageOf(sglang())

function labelsFor(one: PlannedLeg): Record<string, string> {
  return { [determinantsLabel]: canonicalJson(determinantsOf(one, one.recipe)) }
}

const staging = (memory: Memory, one: PlannedLeg, report: Partial<LegReport> = {}): Promise<Digest> =>
  stageLeg(memory, one, labelsFor(one), report)

/** Stages and publishes an image under a tag. */
async function publish(
  memory: Memory,
  of = image,
  tag = 'dated',
  report: Partial<LegReport> = {},
): Promise<Digest> {
  for (const one of of.legs) await staging(memory, one, report)
  const plan = makePlan([{ ...of, tags: [tag] }])
  const choices = { built: [], failFast: true, lookAgain: false }
  const waiver = { ...rules, waivers: new Map([['pip-check' as const, 'then']]), addedBytesLimit: 1e12 }
  const { outcomes } = await promoteImages(plan, choices, runWorldOf(memory, { rules: waiver }))
  const [outcome] = outcomes
  if (outcome?.state !== 'published') throw new Error(JSON.stringify(outcome))
  return outcome.digest as Digest
}

type Given = {
  tags?: string[]
  request?: Partial<PlanRequest>
  rules?: typeof rules
  log?: string[]
  attestations?: typeof noAttestations
}

function templateOf(text: string) {
  const template = parseTemplate(text)
  if ('unknown' in template) throw new Error(text)
  return template
}

async function tagged(memory: Memory, name: string, given: Given = {}): Promise<TagRun> {
  const { tags = ['stable'], log = [], rules: own = rules, attestations = noAttestations } = given
  const named = readImage(new InputReader(() => name))
  const asked = request({ templates: tags.map(templateOf), ...given.request })
  const world = { rules: own, attestations, log: (line: string) => log.push(line) }
  return tagImage(named, asked, runWorldOf(memory, world))
}

const both: Partial<PlanRequest> = {
  engines: (['vllm', 'sglang'] as const).map((engine) => ({
    engine,
    versions: selectors('engine', 'latest'),
  })),
}

const writes = ({ seen }: Memory, from: number) => seen.slice(from).filter((line) => !line.startsWith('get '))

describe('an image that was published', () => {
  it.each<[string, (digest: Digest) => string]>([
    ['by its tag', () => 'dated'],
    ['by its digest', (digest) => digest],
    ['by its tag, in full', () => 'docker.io/aibrix/vllm-openai:dated'],
    ['by its digest, in full', (digest) => `aibrix/vllm-openai@${digest}`],
    ['as a staged leg', () => `aibrix/image-cache:${stagedTag(leg)}`],
    ['as a digest in the cache repository', (digest) => `aibrix/image-cache@${digest}`],
  ])('%s gets another tag', async (_, nameOf) => {
    const memory = createMemory()
    const digest = await publish(memory)
    const run = await tagged(memory, nameOf(digest))
    expect(run.error).toBeUndefined()
    expect(run.image).toMatchObject({
      ...{ id: image.id, engine: 'vllm', version: 'v0.21.0', digest, repository: vllm },
      tags: [{ tag: 'stable', state: 'created' }],
      platforms: [{ platform: 'linux/amd64', buildId: leg.buildId, digest }],
    })
    expect(memory.tagsOf(vllm)).toEqual({ dated: digest, stable: digest })
  })

  it('is not new to the public', async () => {
    const memory = createMemory()
    await publish(memory)
    expect(newlyTagged((await tagged(memory, 'dated')).image)).toEqual([])
  })

  it('has all placeholders, with the date of this run', async () => {
    const memory = createMemory()
    await publish(memory)
    const tags = ['{{engine}}-{{engine-version}}-{{aibrix}}-{{nixl}}-{{ucx}}-{{date}}', 'stable']
    const run = await tagged(memory, 'dated', { tags })
    expect(run.image?.tags.map(({ tag }) => tag)).toEqual([
      'vllm-v0.21.0-v0.7.0-0.7.1-1.19.0-20251123',
      'stable',
    ])
  })

  it('of several platforms is tagged as a whole', async () => {
    const memory = createMemory()
    const digest = await publish(memory, imageOf(makeLeg(), two))
    const log: string[] = []
    const run = await tagged(memory, 'dated', { log })
    expect(run.error).toBeUndefined()
    expect(run.image?.platforms.map(({ platform }) => platform)).toEqual(two)
    expect(new Set(run.image?.platforms.map((one) => one.digest)).size).toBe(2)
    expect(memory.tagsOf(vllm).stable).toBe(digest)
    expect(log).toEqual([
      ...two.map((platform) =>
        expect.stringMatching(new RegExp(`for ${platform}: \\d+ of \\d+ gates passed`)),
      ),
      `docker.io/aibrix/vllm-openai:stable → ${digest}`,
    ])
  })

  it('has nothing written if it has its tags already', async () => {
    const memory = createMemory()
    await publish(memory)
    const from = memory.seen.length
    const run = await tagged(memory, 'dated', { tags: ['dated'] })
    expect(run).toMatchObject({ image: { tags: [{ tag: 'dated', state: 'unchanged' }] } })
    expect(writes(memory, from)).toEqual([])
  })
})

it('a staged leg that was never published gets its first public tag', async () => {
  const memory = createMemory()
  const digest = await staging(memory, leg)
  const run = await tagged(memory, `aibrix/image-cache:${stagedTag(leg)}`, { tags: ['{{engine-version}}'] })
  expect(run.error).toBeUndefined()
  expect(memory.tagsOf(vllm)).toEqual({ 'v0.21.0': digest })
  expect(newlyTagged(run.image)).toMatchObject([{ repository: vllm, digest, tags: ['v0.21.0'] }])
})

describe('the engine', () => {
  it('is found by the repository that has the tag', async () => {
    const memory = createMemory()
    await publish(memory, ofSglang)
    const run = await tagged(memory, 'dated', { request: both })
    expect(run.image).toMatchObject({ engine: 'sglang', repository: sglangImages })
    expect(memory.tagsOf(sglangImages).stable).toBe(memory.tagsOf(sglangImages).dated)
    expect(memory.tagsOf(vllm)).toEqual({})
  })

  it('must be one, and an error names both images', async () => {
    const memory = createMemory()
    await publish(memory)
    await publish(memory, ofSglang)
    const { error } = await tagged(memory, 'dated', { request: both })
    expect(error).toBe(
      'image: docker.io/aibrix/vllm-openai:dated and docker.io/aibrix/sglang:dated both exist; select one engine with the input engine, or give the full reference.',
    )
    const full = await tagged(memory, 'aibrix/sglang:dated', { request: both })
    expect(full.image?.engine).toBe('sglang')
  })

  it('of a staged leg must be selected', async () => {
    const memory = createMemory()
    const [own] = ofSglang.legs
    await staging(memory, own)
    const { error } = await tagged(memory, `aibrix/image-cache:${stagedTag(own)}`)
    expect(error).toMatch(
      /is an image of sglang, which the input engine does not select; set engine: sglang\.$/,
    )
    expect(memory.tagsOf(sglangImages)).toEqual({})
  })

  it('of an image in the wrong repository is an error', async () => {
    const memory = createMemory()
    await publish(memory, { ...ofSglang, repository: vllm }, 'lost')
    const { error } = await tagged(memory, 'lost')
    expect(error).toMatch(/is an image of sglang, but in the repository of vllm; it is not tagged there\.$/)
  })
})

describe('a tag that names another image', () => {
  const taken = async (): Promise<{ memory: Memory; old: Digest; digest: Digest }> => {
    const memory = createMemory()
    const old = await publish(memory, earlier, 'stable')
    return { memory, old, digest: await publish(memory) }
  }

  it('is an error that names what it names, and nothing is created', async () => {
    const { memory, old, digest } = await taken()
    const from = memory.seen.length
    const run = await tagged(memory, 'dated', { tags: ['new', 'stable'] })
    expect(run.error).toBe(
      `docker.io/aibrix/vllm-openai:stable (${old}) already names a different image; choose another tag, or allow it with overwrite-tags: its template, or true for all.`,
    )
    expect(run.image?.tags).toEqual([])
    expect(writes(memory, from)).toEqual([])
    expect(memory.tagsOf(vllm)).toEqual({ stable: old, dated: digest })
  })

  it.each<[string, string[], Partial<PlanRequest>]>([
    ['of a template that may be moved', ['stable'], { overwritable: ['stable'] }],
    ['if all may be moved', ['stable'], { publicTags: 'overwrite' }],
  ])('is moved %s, and the result has what it named', async (_, tags, changes) => {
    const { memory, old, digest } = await taken()
    const run = await tagged(memory, 'dated', { tags, request: changes })
    expect(run).toMatchObject({ image: { tags: [{ tag: 'stable', state: 'moved', from: old }] } })
    expect(memory.tagsOf(vllm)).toEqual({ stable: digest, dated: digest })
    // The way back
    const back = await tagged(memory, `aibrix/vllm-openai@${old}`, { tags, request: changes })
    expect(back).toMatchObject({ image: { tags: [{ tag: 'stable', state: 'moved', from: digest }] } })
    expect(memory.tagsOf(vllm)).toEqual({ stable: old, dated: digest })
  })

  it('of another template than the one that may be moved is an error', async () => {
    const { memory, old } = await taken()
    const own = { overwritable: ['latest'] }
    const run = await tagged(memory, 'dated', { tags: ['latest', 'stable'], request: own })
    expect(run.error).toMatch(/^docker\.io\/aibrix\/vllm-openai:stable /)
    expect(memory.tagsOf(vllm)).toMatchObject({ stable: old })
    expect(Object.keys(memory.tagsOf(vllm))).not.toContain('latest')
  })

  it('only since the check before the first tag is kept, and the error says what was created', async () => {
    const memory = createMemory()
    const digest = await publish(memory)
    const other = await publish(memory, earlier, 'other')
    const { putManifest } = memory.client
    memory.client.putManifest = async (repository, reference, ...rest) => {
      if (reference === 'first') memory.tag(vllm, 'second', other)
      return putManifest(repository, reference, ...rest)
    }
    const run = await tagged(memory, 'dated', { tags: ['first', 'second', 'third'] })
    expect(run.error).toMatch(
      /^Promotion stopped at docker\.io\/aibrix\/vllm-openai:second: .*already names a different image.* These tags were created: docker\.io\/aibrix\/vllm-openai:first; run it again to complete it\.$/,
    )
    expect(run.image?.tags).toEqual([
      { tag: 'first', state: 'created' },
      { tag: 'second', state: 'left' },
      { tag: 'third', state: 'left' },
    ])
    expect(memory.tagsOf(vllm)).toEqual({ dated: digest, other, first: digest, second: other })
  })

  it('since the check, but which may be moved, is moved, and the result has what it named then', async () => {
    const memory = createMemory()
    await publish(memory)
    const other = await publish(memory, earlier, 'other')
    const { putManifest } = memory.client
    memory.client.putManifest = async (repository, reference, ...rest) => {
      if (reference === 'first') memory.tag(vllm, 'second', other)
      return putManifest(repository, reference, ...rest)
    }
    const own = { overwritable: ['second'] }
    const run = await tagged(memory, 'dated', { tags: ['first', 'second'], request: own })
    expect(run.image?.tags[1]).toEqual({ tag: 'second', state: 'moved', from: other })
  })
})

const waived: Gate = {
  name: 'pip-check',
  expected: 'nothing new',
  actual: '1 new problem',
  state: 'waived',
  hint: 'Look at it.',
  reason: 'only for today',
}
const gatesWith = (gate: Gate): Gate[] =>
  makeOutcomeReport(leg).gates.map((each) => (each.name === gate.name ? gate : each))
const allows = (...waivers: [GateName, string][]) => ({ ...rules, waivers: new Map(waivers) })

describe('a registry that stops answering after it took a tag', () => {
  it.each([
    ['answers again', 1, [{ tag: 'stable', state: 'moved' }]],
    ['stays silent', Infinity, [{ tag: 'stable', state: 'unknown' }]],
  ])('%s: the result has what the tag named before', async (_, silent, fates) => {
    let left = Infinity
    const memory = createMemory(
      (line) => line === 'get aibrix/vllm-openai:stable' && left-- <= 0 && left >= -silent,
    )
    const digest = await publish(memory)
    const before = await publish(memory, earlier, 'stable')
    // Two checks before, and the one right before; then the tag is read back.
    left = 2
    const run = await tagged(memory, 'dated', { request: { overwritable: ['stable'] } })
    expect(run.error).toMatch(/^Promotion stopped at .*:stable: /)
    expect(memory.tagsOf(vllm)).toMatchObject({ stable: digest })
    expect(run.image?.tags).toMatchObject(fates.map((fate) => ({ ...fate, from: before })))
  })
})

describe('an image whose gates do not pass by the rules of this run', () => {
  it.each<[string, Partial<LegReport>, typeof rules, RegExp]>([
    [
      'since a gate was waived by the run that built it',
      { gates: gatesWith(waived) },
      rules,
      /A gate failed: pip-check \(1 new problem\)\. Look at it\. .*waived this: "only for today"/,
    ],
    [
      'since this run waives another gate',
      { gates: gatesWith(waived) },
      allows(['ucx-tools', 'not now']),
      /pip-check/,
    ],
    ['since it adds more than this run allows', {}, { ...rules, addedBytesLimit: 1_000_000 }, /added-bytes/],
  ])('is refused %s, with its gates, and nothing is created', async (_, report, own, sentence) => {
    const memory = createMemory()
    const digest = await publish(memory, image, 'dated', report)
    const from = memory.seen.length
    const run = await tagged(memory, 'dated', { rules: own })
    expect(run.error).toMatch(sentence)
    expect(run.image?.tags).toEqual([])
    expect(run.image?.platforms[0]?.report.gates.filter(({ state }) => state === 'fail')).toHaveLength(1)
    expect(writes(memory, from)).toEqual([])
    expect(memory.tagsOf(vllm)).toEqual({ dated: digest })
  })

  it('is tagged if this run waives it, for its own reason', async () => {
    const memory = createMemory()
    await publish(memory, image, 'dated', { gates: gatesWith(waived) })
    const run = await tagged(memory, 'dated', { rules: allows(['pip-check', 'known']) })
    expect(run.error).toBeUndefined()
    const gates = run.image?.platforms[0]?.report.gates ?? []
    expect(gates.find(({ name }) => name === 'pip-check')).toMatchObject({ state: 'waived', reason: 'known' })
  })
})

describe('what cannot be tagged', () => {
  const again = '; only what was verified can be tagged, so build it again.'

  it.each<[string, (memory: Memory) => Promise<string>, Given, string | RegExp]>([
    [
      'does not exist',
      () => Promise.resolve('nowhere'),
      {},
      'image: docker.io/aibrix/vllm-openai:nowhere does not exist; use a tag or digest that is in the registry.',
    ],
    [
      'does not exist in either repository',
      () => Promise.resolve('nowhere'),
      { request: both },
      /vllm-openai:nowhere and docker\.io\/aibrix\/sglang:nowhere do not exist/,
    ],
    [
      'is not of this action',
      async (memory) => putImage(memory, vllm, 'x', leg, { labels: { maintainer: 'somebody' } }),
      {},
      /@sha256:\w+ was not built by this action: for linux\/amd64 it has no image with the labels io\.aibrix\.image\.build-id and/,
    ],
    [
      'has labels that were emptied, since it is built on an image of this action',
      async (memory) =>
        putImage(memory, vllm, 'x', leg, {
          labels: { 'io.aibrix.image.build-id': '', [determinantsLabel]: '' },
        }),
      {},
      /was not built by this action/,
    ],
    [
      'has determinants that cannot be read',
      async (memory) => {
        const labels = { [determinantsLabel]: '[]' }
        return stageLeg(memory, leg, labels).then((digest) => `aibrix/image-cache@${digest}`)
      },
      {},
      /does not say what it was built from in a form that this version reads\.$/,
    ],
    [
      'is a report',
      async (memory) => {
        await staging(memory, leg)
        return `aibrix/image-cache@${String(memory.tagsOf(cache)[reportTag(leg)])}`
      },
      {},
      /holds no image that can be tagged\.$/,
    ],
    [
      'has no report',
      async (memory) => {
        await publish(memory)
        memory.remove(cache, reportTag(leg))
        return 'dated'
      },
      {},
      `has no report that says how it was judged: the cache repository has no report of it${again}`,
    ],
    [
      'has the report of another build with its build id',
      async (memory) => {
        const digest = await publish(memory)
        await stageLeg(memory, leg, { ...labelsFor(leg), other: 'x' })
        return digest
      },
      {},
      /the stored report is of another build, sha256:\w+; only what was verified/,
    ],
    [
      'was judged before a gate existed',
      async (memory) => {
        await staging(memory, leg, { gates: makeOutcomeReport(leg).gates.slice(1) })
        return `aibrix/image-cache:${stagedTag(leg)}`
      },
      {},
      `was verified by a version of the action without engine-version${again}`,
    ],
    [
      'lacks what this run requests',
      async (memory) => {
        await publish(memory)
        return 'dated'
      },
      { attestations: { provenance: 'none', sbom: true } },
      `has no SBOM, which this run requests${again}`,
    ],
    [
      'would get a tag that no registry has',
      async (memory) => {
        await publish(memory)
        return 'dated'
      },
      { tags: [`${'x'.repeat(120)}-{{engine-version}}-{{date}}`] },
      /has 1\d\d characters, and a registry allows 128/,
    ],
  ])('%s', async (_, prepare, given, sentence) => {
    const memory = createMemory()
    const name = await prepare(memory)
    const before = memory.tagsOf(vllm)
    const run = await tagged(memory, name, given)
    expect(run.error).toMatch(sentence)
    expect(run.error).not.toContain('\n')
    expect(memory.tagsOf(vllm)).toEqual(before)
  })

  it('is an image one of whose platforms has no report', async () => {
    const memory = createMemory()
    const of = imageOf(makeLeg(), two)
    await publish(memory, of)
    const [, arm64] = of.legs
    if (!arm64) throw new Error('there are two')
    memory.remove(cache, reportTag(arm64))
    expect((await tagged(memory, 'dated')).error).toMatch(/has no report/)
    expect(Object.keys(memory.tagsOf(vllm))).toEqual(['dated'])
  })

  it('is what a registry refuses, and a secret in its answer is not shown', async () => {
    const memory = createMemory((line) => line === 'put aibrix/vllm-openai:stable')
    await publish(memory)
    const run = await tagImage(
      { reference: 'dated', repository: undefined },
      request({ templates: [templateOf('stable')] }),
      runWorldOf(memory, { redact: (text) => text.replaceAll('refused', '***') }),
    )
    expect(run.error).toMatch(/^Promotion stopped at .*\*\*\*.* No public tag was created before it/)
    expect(run.image?.tags).toEqual([{ tag: 'stable', state: 'left' }])
  })
})

describe('mirrors', () => {
  const mirror = { registry: 'ghcr.io', path: 'acme/vllm-openai' }
  const asked = { mirrors: [{ engine: 'vllm' as const, repository: mirror }] }

  it('get the tag after the public one, and nothing once they have it', async () => {
    const memory = createMemory()
    const digest = await publish(memory)
    const run = await tagged(memory, 'dated', { request: asked })
    expect(run.error).toBeUndefined()
    expect(run.image?.mirrors).toEqual([{ repository: mirror, tags: [{ tag: 'stable', state: 'created' }] }])
    expect(memory.tagsOf(mirror)).toEqual({ stable: digest })
    const order = ['aibrix/vllm-openai:stable', 'acme/vllm-openai:stable'].map((name) =>
      memory.seen.indexOf(`put ${name}`),
    )
    expect(order).toEqual([...order].sort((left, right) => left - right))
    const from = memory.seen.length
    const again = await tagged(memory, 'dated', { request: asked })
    expect(again.image?.mirrors[0]?.tags).toEqual([{ tag: 'stable', state: 'unchanged' }])
    expect(writes(memory, from)).toEqual([])
  })

  it('of another engine get nothing', async () => {
    const memory = createMemory()
    await publish(memory)
    const mirrors = [{ engine: 'sglang' as const, repository: mirror }]
    expect((await tagged(memory, 'dated', { request: { mirrors } })).image?.mirrors).toEqual([])
    expect(memory.tagsOf(mirror)).toEqual({})
  })

  it('that name another image are an error before the public tag, unless it may be moved', async () => {
    const memory = createMemory()
    const digest = await publish(memory)
    const other = await putImage(memory, mirror, 'stable', { ...leg, buildId: 'another' })
    const from = memory.seen.length
    const run = await tagged(memory, 'dated', { request: asked })
    expect(run.error).toBe(
      `ghcr.io/acme/vllm-openai:stable (${other}) already names a different image; choose another tag, or allow it with overwrite-tags: its template, or true for all.`,
    )
    expect(writes(memory, from)).toEqual([])
    const moved = await tagged(memory, 'dated', { request: { ...asked, overwritable: ['stable'] } })
    expect(moved.image?.mirrors[0]?.tags).toEqual([{ tag: 'stable', state: 'moved', from: other }])
    expect(memory.tagsOf(mirror)).toEqual({ stable: digest })
  })

  it('that may not be written are an error before the first public tag', async () => {
    const memory = createMemory((line) => line === 'blob acme/vllm-openai')
    const digest = await publish(memory)
    const run = await tagged(memory, 'dated', { request: asked })
    expect(run.error).toMatch(/refused "blob acme\/vllm-openai"/)
    expect(run.image?.tags).toEqual([])
    expect(memory.tagsOf(vllm)).toEqual({ dated: digest })
  })

  it('that have the tags need not be written', async () => {
    let isReadOnly = false
    const memory = createMemory((line) => isReadOnly && line.endsWith(' acme/vllm-openai'))
    await publish(memory)
    await tagged(memory, 'dated', { request: asked })
    isReadOnly = true
    const run = await tagged(memory, 'dated', { request: asked })
    expect(run.error).toBeUndefined()
  })

  it.each([
    ['content', 'mount acme/vllm-openai'],
    ['tag', 'put acme/vllm-openai:stable'],
  ])('whose %s is refused are red, with the public tag, and the same run completes them', async (_, line) => {
    let isBroken = true
    const memory = createMemory((request) => isBroken && request === line)
    const digest = await publish(memory)
    const run = await tagged(memory, 'dated', { request: asked })
    expect(run.error).toMatch(
      /^The public tags exist, but the mirror ghcr\.io\/acme\/vllm-openai lacks some: .*refused.* Run it again to complete it\.$/,
    )
    expect(run.image?.tags).toEqual([{ tag: 'stable', state: 'created' }])
    expect(run.image?.mirrors[0]?.tags).toEqual([{ tag: 'stable', state: 'left' }])
    expect(memory.tagsOf(vllm)).toEqual({ dated: digest, stable: digest })
    isBroken = false
    expect((await tagged(memory, 'dated', { request: asked })).error).toBeUndefined()
    expect(memory.tagsOf(mirror)).toEqual({ stable: digest })
  })
})
