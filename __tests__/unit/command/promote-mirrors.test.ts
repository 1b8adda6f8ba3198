import { describe, expect, it } from '@jest/globals'
import { promoteImages, type Promotion } from '../../../src/command/promote-images.ts'
import { promotePlan, runPlan } from '../../../src/command/run.ts'
import { outputsOf } from '../../../src/report/outputs.ts'
import { renderSummary } from '../../../src/report/summary/summary.ts'
import type { Plan, PlannedImage } from '../../../src/plan/plan.ts'
import type { Digest } from '../../../src/registry/content/digest.ts'
import type { Repository } from '../../../src/registry/content/reference.ts'
import { makePlan, makePlannedImage, makeRun } from '../../support/reports.ts'
import { runWorldOf } from '../../support/run-world.ts'
import { createMemory, type Memory, putImage, stageLeg, vllm } from '../../support/memory-client.ts'

const ghcr: Repository = { registry: 'ghcr.io', path: 'acme/vllm-openai' }
const quay: Repository = { registry: 'quay.io', path: 'team/images' }
const tags = ['dated', 'undated']

function planOf(changes: Partial<Plan> = {}, image: Partial<PlannedImage> = {}): Plan {
  const mirrors = [ghcr, quay].map((repository) => ({ repository, missingTags: tags }))
  return makePlan(
    [makePlannedImage(undefined, ['linux/amd64', 'linux/arm64'], { tags, mirrors, ...image })],
    changes,
  )
}
const plan = planOf()

/** The plan of a later run, which has found the image and what its mirrors lack. */
function planAfter(memory: Memory): Plan {
  const digest = memory.tagsOf(vllm).dated
  if (!digest) throw new Error('it is published')
  const mirrors = [ghcr, quay].map((repository) => ({
    repository,
    missingTags: tags.filter((tag) => memory.tagsOf(repository)[tag] !== digest),
  }))
  return planOf(
    {},
    {
      mirrors,
      published: { kind: 'same', digest, tags, missingTags: [] },
      cause: { kind: 'unchanged', tag: 'dated' },
    },
  )
}

async function withStaged(refuses?: (request: string) => boolean): Promise<Memory> {
  let ready = false
  const memory = createMemory((request) => ready && refuses?.(request) === true)
  for (const leg of plan.images[0]?.legs ?? []) await stageLeg(memory, leg)
  ready = true
  return memory
}

async function promoted(
  memory: Memory,
  of = plan,
  choices: { failFast?: boolean; lookAgain?: boolean } = {},
): Promise<Promotion & { log: string[] }> {
  const log: string[] = []
  const world = runWorldOf(memory, { log: (line) => log.push(line) })
  const all = { built: [], failFast: true, lookAgain: true, ...choices }
  return { ...(await promoteImages(of, all, world)), log }
}

const mirrorsOf = ({ outcomes }: Promotion) =>
  outcomes.flatMap((one) => ('mirrors' in one ? (one.mirrors ?? []) : []))
const both = (digest: Digest | undefined) => ({ dated: digest, undated: digest })

describe('the mirrors of an image', () => {
  it('get its digest and tags after the last public tag', async () => {
    const memory = await withStaged()
    const run = await promoted(memory)
    const digest = memory.tagsOf(vllm).dated
    for (const repository of [vllm, ghcr, quay]) expect(memory.tagsOf(repository)).toEqual(both(digest))
    expect(run).toMatchObject({ outcomes: [{ state: 'published', digest }] })
    expect(run.error).toBeUndefined()
    expect(mirrorsOf(run)).toEqual([ghcr, quay].map((repository) => ({ repository, tags, added: tags })))
    expect(run.log).toEqual(
      [vllm, ghcr, quay].flatMap(({ registry, path }) =>
        tags.map((tag) => `${registry}/${path}:${tag} → ${String(digest)}`),
      ),
    )
    const writes = memory.seen.filter((request) => /^(?:put|mount) /.test(request))
    const lastPublic = writes.lastIndexOf('put aibrix/vllm-openai:undated')
    expect(writes.findIndex((request) => request.includes('acme/vllm-openai'))).toBeGreaterThan(lastPublic)
  })

  it('are completed if the image is published already, without a build', async () => {
    const memory = await withStaged()
    await promoted(memory)
    const digest = memory.tagsOf(vllm).dated
    memory.remove(quay, 'undated')
    for (const lookAgain of [true, false]) {
      const from = memory.seen.length
      const run = await promoted(memory, planAfter(memory), { lookAgain })
      expect(run).toMatchObject({ outcomes: [{ state: 'unchanged', digest }] })
      expect(memory.tagsOf(quay)).toEqual(both(digest))
      const writes = memory.seen.slice(from).filter((request) => /^put [^:]+:(?!sha256)/.test(request))
      expect(writes).toEqual(['put team/images:undated'])
      expect(mirrorsOf(run)).toEqual([
        { repository: ghcr, tags, added: [] },
        { repository: quay, tags: ['dated', 'undated'], added: ['undated'] },
      ])
      expect(outputsOf(run.outcomes, undefined).changed).toBe('true')
      memory.remove(quay, 'undated')
    }
  })

  it('are not asked again if the plan has just found all of their tags', async () => {
    const memory = await withStaged()
    await promoted(memory)
    const from = memory.seen.length
    const run = await promoted(memory, planAfter(memory), { lookAgain: false })
    expect(memory.seen.slice(from).join()).not.toMatch(/acme|team/)
    expect(mirrorsOf(run)).toEqual([ghcr, quay].map((repository) => ({ repository, tags, added: [] })))
    expect(outputsOf(run.outcomes, undefined).changed).toBe('false')
  })

  it('that have another build of the image keep every tag from being created', async () => {
    const memory = await withStaged()
    const other = await putImage(memory, quay, 'undated', plan.images[0]?.legs[0] ?? fail())
    const run = await promoted(memory)
    expect(run.outcomes).toMatchObject([
      {
        state: 'failed',
        error:
          'quay.io/team/images:undated already names a different image than the one for docker.io/aibrix/vllm-openai; choose another date or tag, or set overwrite-tags: true.',
      },
    ])
    expect([vllm, ghcr, quay].map((one) => memory.tagsOf(one))).toEqual([{}, {}, { undated: other }])
    const overwritten = await promoted(memory, planOf({ publicTags: 'overwrite' }))
    expect(overwritten.error).toBeUndefined()
    expect(memory.tagsOf(quay)).toEqual(both(memory.tagsOf(vllm).dated))
  })

  it('follow a tag that is built again, and are not followed by others', async () => {
    const memory = await withStaged()
    await promoted(memory)
    const before = memory.tagsOf(vllm).dated
    for (const leg of plan.images[0]?.legs ?? []) await stageLeg(memory, leg, { again: 'true' })
    const again = await promoted(memory, planOf({}, { cause: { kind: 'forced' } }))
    expect(again.error).toBeUndefined()
    const now = memory.tagsOf(vllm).dated
    expect(now).not.toBe(before)
    for (const repository of [vllm, ghcr, quay]) expect(memory.tagsOf(repository)).toEqual(both(now))
  })

  it('that change between the look and the tag keep what they have', async () => {
    let other: Digest | undefined
    let taken = false
    const memory = await withStaged()
    const { client } = memory
    const racing: Memory = {
      ...memory,
      client: {
        ...client,
        listTags: async (repository) => {
          if (!taken) other = await putImage(memory, ghcr, 'dated', plan.images[0]?.legs[0] ?? fail())
          taken = true
          return client.listTags(repository)
        },
      },
    }
    const run = await promoted(racing)
    expect(run.error).toMatch(
      /^Mirroring stopped at ghcr\.io\/acme\/vllm-openai:dated: .*already names a different/,
    )
    expect(memory.tagsOf(ghcr)).toEqual({ dated: other })
  })
})

function fail(): never {
  throw new Error('there is one')
}

describe('a mirror that fails', () => {
  const publicOnes = 'docker.io/aibrix/vllm-openai:dated, docker.io/aibrix/vllm-openai:undated'
  it.each<[string, string, boolean, string, Repository[]]>([
    [
      'before its first tag',
      'mount acme/vllm-openai',
      true,
      `Mirroring stopped at ghcr.io/acme/vllm-openai: registry docker.io refused "mount acme/vllm-openai". The public tags exist: ${publicOnes}; no tag was created in a mirror; run it again to complete it.`,
      [vllm],
    ],
    [
      'after its first tag',
      'put acme/vllm-openai:undated',
      true,
      `Mirroring stopped at ghcr.io/acme/vllm-openai:undated: registry docker.io refused "put acme/vllm-openai:undated". The public tags exist: ${publicOnes}; in mirrors, ghcr.io/acme/vllm-openai:dated were created; run it again to complete it.`,
      [vllm],
    ],
    [
      'without fail-fast, after which the others follow',
      'put acme/vllm-openai:undated',
      false,
      `The public tags exist: ${publicOnes}; in mirrors, ghcr.io/acme/vllm-openai:dated, quay.io/team/images:dated, quay.io/team/images:undated were created; run it again to complete it.`,
      [vllm, quay],
    ],
  ])(
    '%s is an error that names what exists, and a second run completes it',
    async (_, at, failFast, says, complete) => {
      let broken = true
      const memory = await withStaged((request) => broken && request === at)
      const run = await promoted(memory, plan, { failFast })
      expect(run.error).toContain(says)
      expect(run.outcomes).toMatchObject([{ state: 'published', digest: memory.tagsOf(vllm).dated }])
      const digest = memory.tagsOf(vllm).dated
      for (const repository of complete) expect(memory.tagsOf(repository)).toEqual(both(digest))
      const text = renderSummary(makeRun(run.outcomes, { error: run.error ?? '' }))
      expect(text).toMatch(/^## ❌ The run failed/)
      expect(text).toContain('❌ not mirrored')
      broken = false
      const second = await promoted(memory, planAfter(memory), { failFast })
      expect(second.error).toBeUndefined()
      for (const repository of [vllm, ghcr, quay]) expect(memory.tagsOf(repository)).toEqual(both(digest))
    },
  )

  it('fails before anything is built or published, if it accepts no push', async () => {
    const memory = createMemory((request) => request === 'blob team/images')
    const never = () => Promise.reject(new Error('nothing is built'))
    const run = await runPlan(plan, { push: true, failFast: true }, runWorldOf(memory), never)
    expect(run.error).toBe('registry docker.io refused "blob team/images".')
    const promotion = await promotePlan(plan, false, runWorldOf(memory))
    expect(promotion.error).toBe('registry docker.io refused "blob team/images".')
  })

  it('is not asked for a push if it has all tags', async () => {
    const memory = await withStaged()
    await promoted(memory)
    const from = memory.seen.length
    await promotePlan(planAfter(memory), true, runWorldOf(memory))
    expect(memory.seen.slice(from).filter((request) => !request.startsWith('get '))).toEqual([])
  })
})

it('a public tag that fails leaves mirrors as they are', async () => {
  const memory = await withStaged((request) => request === 'put aibrix/vllm-openai:undated')
  const run = await promoted(memory)
  expect(run.error).toContain('Promotion stopped at docker.io/aibrix/vllm-openai:undated')
  expect([ghcr, quay].map((one) => memory.tagsOf(one))).toEqual([{}, {}])
})

it('outputs and summary show what each mirror has', async () => {
  const { outcomes } = await promoted(await withStaged())
  const [image] = JSON.parse(outputsOf(outcomes, undefined).images) as [{ mirrors: unknown }]
  expect(image.mirrors).toEqual([
    {
      repository: 'ghcr.io/acme/vllm-openai',
      tags: ['ghcr.io/acme/vllm-openai:dated', 'ghcr.io/acme/vllm-openai:undated'],
    },
    { repository: 'quay.io/team/images', tags: ['quay.io/team/images:dated', 'quay.io/team/images:undated'] },
  ])
  const text = renderSummary(makeRun(outcomes))
  expect(text).toMatch(/ghcr\.io\/acme\/vllm-openai:dated.*✅ mirrored/)
  expect(text).not.toContain('not mirrored')
})
