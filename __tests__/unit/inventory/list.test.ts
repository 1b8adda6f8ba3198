import { describe, expect, it } from '@jest/globals'
import * as v from 'valibot'
import { UserError } from '../../../src/errors.ts'
import { inventorySchema } from '../../../src/inventory/inventory.ts'
import { RegistryRefusal } from '../../../src/registry/http/failure.ts'
import { documents, inventoryTag, reportTag } from '../../../src/store/contents.ts'
import { putArtifact } from '../../../src/registry/artifact.ts'
import {
  bases,
  cache,
  createMemory,
  legOf,
  listIn,
  type Memory,
  publishImage,
  publishIndex,
  putConfigured,
  vllm,
} from '../../support/published-images.ts'
import { attach, putReferrersTag, putSmallImage } from '../../support/referrers.ts'

const asked = (memory: Memory, kind: string) => memory.seen.filter((request) => request.startsWith(kind))

/** Requests of one list */
async function requestsOf(memory: Memory, ...options: [Parameters<typeof listIn>[1]?]): Promise<string[]> {
  const before = memory.seen.length
  await listIn(memory, ...options)
  return memory.seen.slice(before)
}

const refused = (status: number, problem = `registry docker.io refused it: ${status}`) =>
  new RegistryRefusal(problem, 'check it', { status, code: undefined, retryAfter: undefined })

/** A memory whose client fails at some requests, in the form of `seen`. */
function failing(memory: Memory, fails: (request: string) => Error | undefined): Memory {
  const { client } = memory
  const checked =
    <A extends unknown[], R>(kind: string, work: (...all: A) => Promise<R>) =>
    (...all: A): Promise<R> => {
      const [{ path }, reference] = all as unknown as [{ path: string }, unknown]
      const error = fails(`${kind} ${path}${typeof reference === 'string' ? `:${reference}` : ''}`)
      return error ? Promise.reject(error) : work(...all)
    }
  return {
    ...memory,
    client: {
      ...client,
      resolveTag: checked('head', client.resolveTag),
      getManifest: checked('get', client.getManifest),
      getImageConfig: checked('config', client.getImageConfig),
      listTags: checked('list', client.listTags),
      putBlob: checked('blob', client.putBlob),
    },
  }
}

describe('a list', () => {
  it('is empty if nothing is published', async () => {
    expect(await listIn(createMemory())).toEqual({
      format: 1,
      made: '2025-12-01T00:00:00.000Z',
      repositories: ['docker.io/aibrix/vllm-openai'],
      ...{ where: '', complete: ['vllm'], images: [], behind: [], warnings: [] },
    })
  })

  it('has the time of the build, which the image itself does not have if its layers were cached', async () => {
    const memory = createMemory()
    const started = Date.parse('2025-11-24T06:00:00Z')
    const steps = [{ name: 'RUN', started, duration: 90_000, cached: true, failed: false }]
    await publishImage(memory, legOf('0.21.0'), { tags: ['v1'], report: { steps } })
    expect((await listIn(memory)).images[0]?.created).toBe('2025-11-24T06:01:30.000Z')
  })

  it.each(['+012345-01-01T00:00:00Z', '-000001-01-01T00:00:00Z', '0000-01-01T00:00:00Z', 'soon'])(
    'has no time, and is kept, if an image says that it was made at %s',
    async (created) => {
      const memory = createMemory()
      await publishImage(memory, legOf('0.21.0'), { tags: ['v1'], created, report: null })
      const inventory = await listIn(memory)
      expect(v.parse(inventorySchema, inventory)).toEqual(inventory)
      expect(inventory.images[0]?.created).toBeNull()
      expect(await listIn(memory)).toEqual(inventory)
    },
  )

  it.each([1e15, -1e15, 1e308])('has no time of a build that ended at %d', async (started) => {
    const memory = createMemory()
    const steps = [{ name: 'RUN', started, duration: 1, cached: false, failed: false }]
    await publishImage(memory, legOf('0.21.0'), { tags: ['v1'], report: { steps } })
    expect((await listIn(memory)).images[0]?.created).toBe('2025-11-23T12:00:00.000Z')
  })

  it('has each digest once, with all its tags, what was measured and how it was judged', async () => {
    const memory = createMemory()
    const leg = legOf('0.21.0')
    const waived = new Map([['second-libucp', 'nothing loads it']] as const)
    const digest = await publishImage(memory, leg, { tags: ['stable', 'v0.21.0-20251123'], waived })
    const inventory = await listIn(memory)
    expect(v.parse(inventorySchema, inventory)).toEqual(inventory)
    expect(inventory.warnings).toEqual([])
    expect(inventory.images).toMatchObject([
      {
        repository: 'docker.io/aibrix/vllm-openai',
        digest,
        tags: ['v0.21.0-20251123', 'stable'],
        engine: 'vllm',
        created: '2025-11-23T12:00:00.000Z',
        platforms: [
          {
            platform: 'linux/amd64',
            digest,
            buildId: leg.buildId,
            components: { engine: '0.21.0', nixl: '0.7.1', ucx: '1.19.0' },
            gates: { waived: 0, blocking: [] },
            why: null,
            minimumDriver: '580.65.06',
            base: {
              name: 'docker.io/vllm/vllm-openai:v0.21.0',
              digest: leg.base.manifestDigest,
              state: 'gone',
            },
          },
        ],
        mirrors: [],
      },
    ])
    const [platform] = inventory.images[0]?.platforms ?? []
    expect(platform?.gates?.passed).toBeGreaterThan(15)
    expect(platform?.addedBytes).toBeGreaterThan(0)
    expect(platform?.totalBytes).toBeGreaterThan(platform?.largestLayerBytes ?? Infinity)
    expect(platform?.addedPackages).toContainEqual({ from: 'pip', name: 'nixl-cu13', version: '0.7.1' })
  })

  it('has neither signatures nor attestations, which are tags in registries without the referrers API', async () => {
    const memory = createMemory()
    const digest = await publishImage(memory, legOf('0.21.0'), { tags: ['v1'] })
    const top = await memory.client.getManifest(vllm, digest)
    if (!top) throw new Error('it is published')
    const subject = { mediaType: top.mediaType, digest, size: top.bytes.length }
    const attestation = await attach(memory.client, vllm, subject, 'a signed statement')
    await putReferrersTag(memory.client, vllm, digest, [attestation])
    const tag = digest.replace(':', '-')
    for (const suffix of ['.sig', '.att', '.sbom'])
      await putSmallImage(memory.client, vllm, `${tag}${suffix}`, suffix)
    const from = memory.seen.length
    const mirrors = [{ engine: 'vllm', repository: { registry: 'ghcr.io', path: 'acme/x' } }] as const
    const { images, warnings } = await listIn(memory, { mirrors: [...mirrors] })
    expect(images.map(({ tags }) => tags)).toEqual([['v1']])
    expect(warnings).toEqual([])
    expect(memory.seen.slice(from).filter((request) => request.includes('sha256-'))).toEqual([])
  })

  it('has waivers of labels, and says why, without a report', async () => {
    const memory = createMemory()
    const waived = new Map([['second-libucp', 'nothing loads it']] as const)
    await publishImage(memory, legOf('0.21.0'), { tags: ['v1'], waived, report: null })
    const { images, warnings } = await listIn(memory)
    expect(images[0]?.platforms).toMatchObject([
      {
        gates: null,
        why: 'The cache repository has no report of it.',
        waivers: [{ gate: 'second-libucp', reason: 'nothing loads it' }],
        base: { name: 'docker.io/vllm/vllm-openai', state: 'unknown' },
        ...{ addedBytes: null, addedPackages: null },
      },
    ])
    expect(warnings).toEqual([])
  })

  it('has both platforms of an index, each with its own report', async () => {
    const memory = createMemory()
    const amd64 = legOf('0.21.0')
    const arm64 = legOf('0.21.0', '0.7.1', { platform: 'linux/arm64', architecture: 'arm64' })
    const entries = [
      { digest: await publishImage(memory, arm64, { tags: [] }), platform: 'linux/arm64' },
      { digest: await publishImage(memory, amd64, { tags: [] }), platform: 'linux/amd64' },
    ]
    await publishIndex(memory, 'v1', entries)
    const { images } = await listIn(memory)
    expect(images).toHaveLength(1)
    expect(images[0]?.platforms).toMatchObject([
      { platform: 'linux/amd64', buildId: amd64.buildId, gates: { blocking: [] } },
      { platform: 'linux/arm64', buildId: arm64.buildId, gates: { blocking: [] } },
    ])
  })

  it('has images of others, and what is no image, without an engine', async () => {
    const memory = createMemory()
    await putConfigured(memory, vllm, 'theirs', { os: 'linux', architecture: 'amd64', config: {} })
    const artifact = { type: 'application/x', bytes: Buffer.from('x'), created: new Date(0) }
    await putArtifact(memory.client, vllm, 'chart', artifact)
    const { images } = await listIn(memory)
    expect(images.map(({ tags, engine, platforms }) => [tags[0], engine, platforms.length])).toEqual([
      ['chart', null, 0],
      ['theirs', null, 1],
    ])
    expect(images[1]?.platforms).toMatchObject([{ buildId: null, gates: null, base: null }])
  })

  it('is sorted, the newest first', async () => {
    const memory = createMemory()
    for (const [engine, created] of [
      ['0.10.0', '2025-03-01T00:00:00Z'],
      ['0.12.0', '2025-11-01T00:00:00+01:00'],
      ['0.11.0', '2025-06-01T00:00:00Z'],
    ] as const)
      await publishImage(memory, legOf(engine), { tags: [`v${engine}`], created })
    expect((await listIn(memory)).images.map(({ tags }) => tags[0])).toEqual([
      'v0.12.0',
      'v0.11.0',
      'v0.10.0',
    ])
  })

  it('has what the filter lets through, and compares all images with upstream', async () => {
    const memory = createMemory()
    await publishImage(memory, legOf('0.10.0'), { tags: ['v0.10.0'] })
    await publishImage(memory, legOf('0.21.0', '0.7.0'), { tags: ['v0.21.0'] })
    await putConfigured(memory, bases, 'v0.21.0', {})
    const inventory = await listIn(memory, { where: 'nixl=0.7.1' })
    expect(inventory.where).toBe('nixl=0.7.1')
    expect(inventory.images.map(({ tags }) => tags)).toEqual([['v0.10.0']])
    expect(inventory.behind).toEqual([])
  })
})

describe('a base', () => {
  const leg = legOf('0.21.0')
  const base = (made: string) => ({ os: 'linux', architecture: 'amd64', config: { Env: [made] } })

  async function published(): Promise<{ memory: Memory; base: `sha256:${string}` }> {
    const memory = createMemory()
    const digest = await putConfigured(memory, bases, 'v0.21.0', base('first'))
    const own = { ...leg, base: { ...leg.base, digest, manifestDigest: digest } }
    await publishImage(memory, own, { tags: ['v1'] })
    await publishImage(
      memory,
      { ...own, buildId: 'f'.repeat(64) },
      { tags: ['v2'], created: '2025-01-01T00:00:00Z' },
    )
    return { memory, base: digest }
  }
  const states = async (memory: Memory) =>
    (await listIn(memory)).images.flatMap(({ platforms }) => platforms.map(({ base: one }) => one?.state))

  it('is current as long as its tag names it, which is asked once for all its images', async () => {
    const { memory } = await published()
    expect(await states(memory)).toEqual(['current', 'current'])
    expect(asked(memory, `get ${bases.path}`)).toEqual([])
    expect(asked(memory, 'head vllm/vllm-openai')).toHaveLength(1)
  })

  it("that is a user's own is compared with what its own tag names", async () => {
    const memory = createMemory()
    const acme = { registry: 'ghcr.io', path: 'acme/vllm' }
    const digest = await putConfigured(memory, acme, 'v1', base('first'))
    const given = 'ghcr.io/acme/vllm:v1'
    const own = { ...leg, base: { ...leg.base, repository: acme, given, digest, manifestDigest: digest } }
    await publishImage(memory, own, { tags: ['v1'] })
    expect((await listIn(memory)).images[0]?.platforms[0]?.base).toEqual({
      name: given,
      digest,
      state: 'current',
    })
    await putConfigured(memory, acme, 'v1', base('second'))
    expect(await states(memory)).toEqual(['moved'])
    expect(asked(memory, 'head vllm/vllm-openai')).toEqual([])
  })

  it('has moved if its tag names another one', async () => {
    const { memory } = await published()
    await putConfigured(memory, bases, 'v0.21.0', base('second'))
    expect(await states(memory)).toEqual(['moved', 'moved'])
  })

  it('has moved if its tag is gone and it is still there', async () => {
    const { memory } = await published()
    memory.remove(bases, 'v0.21.0')
    expect(await states(memory)).toEqual(['moved', 'moved'])
  })

  it('is gone if the registry has neither', async () => {
    const { memory, base: digest } = await published()
    memory.remove(bases, 'v0.21.0')
    memory.remove(bases, digest)
    expect(await states(memory)).toEqual(['gone', 'gone'])
    expect(asked(memory, 'head vllm/vllm-openai')).toHaveLength(2)
  })

  it.each<[string, Parameters<typeof createOther>[0]]>([
    ['that repository does not exist', { tags: [] }],
    ['it was taken from another registry', { from: 'mirror.example/vllm/vllm-openai:v0.21.0' }],
  ])('is unknown if the registry has neither, and %s', async (_, other) => {
    expect(await states(await createOther(other))).toEqual(['unknown'])
  })

  async function createOther({ tags, from }: { tags?: string[]; from?: string }): Promise<Memory> {
    const memory = createMemory()
    const { client } = memory
    const report = from === undefined ? {} : { base: { name: from, digest: leg.base.digest } }
    await publishImage(memory, leg, { tags: ['v1'], report })
    const listTags: typeof client.listTags = (repository) =>
      tags && repository.path === bases.path ? Promise.resolve(tags) : client.listTags(repository)
    return { ...memory, client: { ...client, listTags } }
  }

  it('is unknown, with a warning, if the registry refuses', async () => {
    const { memory } = await published()
    const broken = failing(memory, (request) => (request.startsWith('head vllm/') ? refused(403) : undefined))
    expect(await states(broken)).toEqual(['unknown', 'unknown'])
    expect((await listIn(broken)).warnings).toEqual([
      'docker.io/vllm/vllm-openai:v0.21.0: registry docker.io refused it: 403; check it.',
    ])
  })
})

describe('a second list', () => {
  async function listed(): Promise<Memory> {
    const memory = createMemory()
    await publishImage(memory, legOf('0.21.0'), { tags: ['v1', 'v2'] })
    await publishImage(memory, legOf('0.20.0'), { tags: ['v3'] })
    await listIn(memory)
    return memory
  }
  const document = inventoryTag(vllm)

  async function keptText({ client }: Memory): Promise<string> {
    const read = await client.getManifest(cache, document)
    const [layer] = read?.parsed.kind === 'image' ? read.parsed.layers : []
    return (await client.getBlob(cache, layer?.digest ?? 'sha256:', Infinity)).toString()
  }

  it('asks what tags, reports and bases name, and reads no image again', async () => {
    const memory = await listed()
    const requests = await requestsOf(memory)
    expect(requests.filter((request) => !request.startsWith('head '))).toEqual([
      'list aibrix/vllm-openai',
      `get ${cache.path}:${document}`,
      'list vllm/vllm-openai',
    ])
    // Three tags, two reports, a base tag that is gone and its digest
    expect(requests.filter((request) => request.startsWith('head '))).toHaveLength(7)
  })

  it('has the same answer', async () => {
    const memory = await listed()
    const [first, second] = [await listIn(memory, { push: false }), await listIn(memory)]
    memory.remove(cache, document)
    expect(second).toEqual(first)
    expect(await listIn(memory)).toEqual(first)
  })

  it('reads a new digest alone, and keeps it', async () => {
    const memory = await listed()
    await publishImage(memory, legOf('0.22.0'), { tags: ['v4'] })
    const reads = (requests: string[]) =>
      requests.filter((request) => request.startsWith(`get ${vllm.path}:`))
    expect(reads(await requestsOf(memory))).toHaveLength(1)
    expect(reads(await requestsOf(memory))).toHaveLength(0)
    expect((await listIn(memory)).images).toHaveLength(3)
  })

  it('writes nothing if nothing new was read, or nothing may be pushed', async () => {
    const memory = await listed()
    await publishImage(memory, legOf('0.19.0'), { tags: ['v0'], report: null })
    await listIn(memory)
    expect((await requestsOf(memory)).filter((request) => request.startsWith('put '))).toEqual([])
    await publishImage(memory, legOf('0.22.0'), { tags: ['v4'] })
    expect(
      (await requestsOf(memory, { push: false })).filter((request) => /^(put|blob) /.test(request)),
    ).toEqual([])
  })

  it('forgets what has no tag any more when it writes', async () => {
    const memory = await listed()
    memory.remove(vllm, 'v3')
    await publishImage(memory, legOf('0.22.0'), { tags: ['v4'] })
    await listIn(memory)
    const text = await keptText(memory)
    expect(text).toContain('"0.22.0"')
    expect(text).not.toContain('"0.20.0"')
  })

  it('reads a report that came later', async () => {
    const memory = createMemory()
    const leg = legOf('0.21.0')
    await publishImage(memory, leg, { tags: ['v1'], report: null })
    expect((await listIn(memory)).images[0]?.platforms[0]?.gates).toBeNull()
    await publishImage(memory, leg, { tags: ['v1'] })
    expect((await listIn(memory)).images[0]?.platforms[0]?.gates).toMatchObject({ blocking: [] })
  })

  it('reads a report that was stored again', async () => {
    const memory = createMemory()
    const leg = legOf('0.21.0')
    await publishImage(memory, leg, { tags: ['v1'] })
    await listIn(memory)
    await publishImage(memory, leg, { tags: ['v1'], report: { sizes: { base: 1, added: 2, total: 3 } } })
    expect((await listIn(memory)).images[0]?.platforms[0]?.addedBytes).toBe(2)
  })

  it('keeps what a report said that another build has replaced since', async () => {
    const memory = createMemory()
    const leg = legOf('0.21.0')
    await publishImage(memory, leg, { tags: ['v1'] })
    await listIn(memory)
    await publishImage(memory, leg, { tags: ['v2'], created: '2025-12-01T00:00:00Z' })
    const { images } = await listIn(memory)
    expect(images.map(({ tags, platforms }) => [tags[0], platforms[0]?.gates?.blocking])).toEqual([
      ['v2', []],
      ['v1', []],
    ])
    expect(asked({ ...memory, seen: await requestsOf(memory) }, `get ${cache.path}:report-`)).toEqual([])
  })

  it.each([
    ['damaged', 'not JSON'],
    ['of another format', '{"format":2,"packages":[],"images":0}'],
    ['cut off', '{"format":1,"packages":[],"images":1}\n'],
  ])('reads everything again, with a warning, if what was kept is %s', async (_, text) => {
    const memory = await listed()
    const first = await listIn(memory)
    const { type } = documents.inventory
    await putArtifact(memory.client, cache, document, { type, bytes: Buffer.from(text), created: new Date() })
    const second = await listIn(memory)
    expect(second.images).toEqual(first.images)
    expect(second.warnings).toEqual([
      `docker.io/aibrix/image-cache:${document}: It is damaged, or of another version of the action, and is not used.`,
    ])
    expect((await listIn(memory)).warnings).toEqual([])
  })

  it('reads only those again whose line is damaged', async () => {
    const memory = await listed()
    const first = await listIn(memory)
    const { type } = documents.inventory
    const text = await keptText(memory)
    const bytes = Buffer.from(text.replace(/^.*"0\.20\.0".*$/m, '{"digest":"x"}'))
    await putArtifact(memory.client, cache, document, { type, bytes, created: new Date() })
    const before = memory.seen.length
    expect(await listIn(memory)).toEqual(first)
    const reads = memory.seen.slice(before).filter((one) => one.startsWith(`get ${vllm.path}:`))
    expect(reads).toHaveLength(1)
    expect((await keptText(memory)).match(/"0\.20\.0"/g)).toHaveLength(1)
  })

  it('reads an image again that lacked a manifest, with a warning until it is there', async () => {
    const memory = await listed()
    const arm64 = legOf('0.22.0', '0.7.1', { platform: 'linux/arm64', architecture: 'arm64' })
    const digest = await publishImage(memory, arm64, { tags: [] })
    await publishIndex(memory, 'v4', [{ digest, platform: 'linux/arm64' }])
    const lacking = failing(memory, () => undefined)
    const { getManifest } = lacking.client
    lacking.client.getManifest = (repository, reference) =>
      repository.path === vllm.path && reference === digest
        ? Promise.resolve(undefined)
        : getManifest(repository, reference)
    const { images, warnings, complete, behind } = await listIn(lacking)
    expect(images).toHaveLength(2)
    expect({ complete, behind }).toEqual({ complete: [], behind: [] })
    expect(warnings[0]).toMatch(
      /^docker.io\/aibrix\/vllm-openai:v4: docker.io\/aibrix\/vllm-openai@sha256:\S+ names sha256:\S+, which the registry does not have; /,
    )
    const second = await listIn(memory)
    expect(second.warnings).toEqual([])
    expect(second.images.find(({ tags }) => tags[0] === 'v4')).toMatchObject({
      engine: 'vllm',
      platforms: [{ platform: 'linux/arm64' }],
    })
  })

  it('warns if it may not keep what it read', async () => {
    const memory = createMemory()
    await publishImage(memory, legOf('0.21.0'), { tags: ['v1'] })
    const denied = failing(memory, (request) => (request.startsWith('blob ') ? refused(403) : undefined))
    const { images, warnings } = await listIn(denied)
    expect(images).toHaveLength(1)
    expect(warnings).toEqual([
      `docker.io/aibrix/image-cache:${document}: It could not be stored, so the next list reads the same again; set push: false if it is not to be stored: registry docker.io refused it: 403; check it.`,
    ])
    expect((await listIn(denied, { push: false })).warnings).toEqual([])
  })
})

describe('what cannot be read', () => {
  const isIncomplete =
    'What is behind upstream: It is determined only for engines whose images could all be read.'

  async function three(): Promise<Memory> {
    const memory = createMemory()
    for (const minor of [1, 2, 3]) await publishImage(memory, legOf(`0.${minor}.0`), { tags: [`v${minor}`] })
    return memory
  }

  it.each<[string, string]>([
    ['the digest of a tag', 'head aibrix/vllm-openai:v2'],
    ['a tag whose answer is damaged', 'head aibrix/vllm-openai:v2'],
  ])('is a warning, not the end: %s', async (_, request) => {
    const broken = failing(await three(), (one) =>
      one === request ? new UserError('It is damaged.') : undefined,
    )
    const { images, warnings } = await listIn(broken)
    expect(images.map(({ tags }) => tags[0])).toEqual(['v1', 'v3'])
    expect(warnings).toEqual(['docker.io/aibrix/vllm-openai:v2: It is damaged.', isIncomplete])
  })

  it('is one warning for all that have the same reason', async () => {
    const memory = createMemory()
    for (let minor = 0; minor < 9; minor += 1)
      await publishImage(memory, legOf(`0.${minor}.0`), { tags: [`v${minor}`] })
    const broken = failing(memory, (one) => (/head .*:v[1-8]/.test(one) ? refused(403) : undefined))
    expect((await listIn(broken)).warnings).toEqual([
      expect.stringMatching(
        /^\S+:v1, \S+:v2, \S+:v3 and 5 more: registry docker.io refused it: 403; check it\.$/,
      ),
      isIncomplete,
    ])
  })

  it('is a warning if it is a report', async () => {
    const memory = await three()
    const { type } = documents.report
    const leg = legOf('0.2.0')
    const broken = { type, bytes: Buffer.from('{"format":1}'), created: new Date(0) }
    await putArtifact(memory.client, cache, reportTag(leg), broken)
    const { images, warnings } = await listIn(memory)
    const gates = images.map(({ platforms }) => platforms[0]?.gates?.blocking)
    expect(gates).toEqual([[], undefined, []])
    expect(warnings).toEqual([
      expect.stringMatching(
        /^The report of docker.io\/aibrix\/vllm-openai:v2: the stored report is not a report/,
      ),
    ])
    expect(images[1]?.platforms[0]?.why).toContain('is not a report')
  })

  it.each([403, 500])('is a warning if it is the whole cache repository: %d', async (status) => {
    const broken = failing(await three(), (one) => (one.includes(cache.path) ? refused(status) : undefined))
    const { images, warnings } = await listIn(broken, { push: false })
    expect(images).toHaveLength(3)
    expect(images.every(({ platforms }) => platforms[0]?.components.engine !== undefined)).toBe(true)
    expect(warnings).toHaveLength(1)
  })

  it.each([401, 403, 500])('is the error if it is everything: the list of tags, %d', async (status) => {
    const broken = failing(await three(), (one) => (one.startsWith('list ') ? refused(status) : undefined))
    await expect(listIn(broken)).rejects.toThrow(`refused it: ${status}`)
  })

  it.each(['head aibrix/vllm', 'get aibrix/vllm', 'config aibrix/vllm'])(
    'is the error if it is everything: %s',
    async (kind) => {
      const broken = failing(await three(), (one) => (one.startsWith(kind) ? refused(500) : undefined))
      await expect(listIn(broken)).rejects.toThrow('refused it: 500')
    },
  )

  it.each<[string, Error]>([
    ['list aibrix/sglang', refused(401)],
    ['list aibrix/sglang', refused(500)],
    ['list aibrix/sglang', new UserError('The list of tags is not as expected.')],
    ['head aibrix/sglang:v9', refused(503)],
    ['head aibrix/sglang:v9', refused(401)],
  ])('is a warning if it is one of two repositories: %s, %s', async (request, error) => {
    const memory = await three()
    await putConfigured(memory, { ...vllm, path: 'aibrix/sglang' }, 'v9', {})
    const broken = failing(memory, (one) => (one === request ? error : undefined))
    for (const engines of [['vllm', 'sglang'] as const, ['sglang', 'vllm'] as const]) {
      const { images, warnings, behind, complete } = await listIn(broken, { engines })
      expect(images).toHaveLength(3)
      expect({ behind, complete }).toEqual({ behind: [], complete: ['vllm'] })
      expect(warnings[0]).toMatch(/^docker.io\/aibrix\/sglang/)
      expect(warnings.join('\n')).toContain('What is behind upstream: ')
    }
  })

  it('ends the list if the run is cancelled while one of two repositories is read', async () => {
    const cancel = new AbortController()
    const broken = failing(await three(), (one) => {
      if (one !== 'list aibrix/sglang') return undefined
      cancel.abort(new UserError('The run was cancelled.'))
      return new UserError('aborted')
    })
    const asked = listIn(broken, { engines: ['vllm', 'sglang'] }, { signal: cancel.signal })
    await expect(asked).rejects.toThrow('The run was cancelled.')
  })

  it('has no report if its platform is hostile, and no warning shows that', async () => {
    const memory = createMemory()
    await publishImage(memory, legOf('0.21.0', '0.7.1', { platform: 'linux/a\u0000\u202em d' }), {
      tags: ['v1'],
      report: null,
    })
    const inventory = await listIn(memory)
    expect(inventory.warnings).toEqual([])
    expect(inventory.images[0]?.platforms).toMatchObject([
      { gates: null, why: 'Its platform is not one that a report can be of.' },
    ])
    const broken = failing(await three(), (one) =>
      one.endsWith(':v2') ? new UserError('It says a\u0000\u202eb\n::error::c.') : undefined,
    )
    expect((await listIn(broken)).warnings).toEqual([
      'docker.io/aibrix/vllm-openai:v2: It says a b ::error::c.',
      isIncomplete,
    ])
  })

  it('is not asked any more after the registry has failed three times, and what was read is kept', async () => {
    const memory = createMemory()
    for (let minor = 0; minor < 40; minor += 1)
      await publishImage(memory, legOf(`0.${minor}.0`), { tags: [`v${minor}`], report: null })
    let read = 0
    let failed = 0
    const limited = failing(memory, (one) => {
      if (!one.startsWith('get aibrix/vllm-openai:sha256')) return undefined
      read += 1
      if (read <= 10) return undefined
      failed += 1
      return refused(429)
    })
    const { images, warnings, behind } = await listIn(limited)
    expect(images.length).toBeGreaterThanOrEqual(10)
    expect(images.length).toBeLessThan(20)
    expect(failed).toBeLessThanOrEqual(10)
    expect(behind).toEqual([])
    expect(warnings.join()).toMatch(/and \d+ more: registry docker.io refused it: 429/)
    read = 0
    expect((await listIn(limited)).images.length).toBeGreaterThanOrEqual(images.length + 10)
  })

  it('ends the list if the run is cancelled', async () => {
    const cancel = new AbortController()
    const broken = failing(await three(), (one) => {
      if (!one.startsWith('head ')) return undefined
      cancel.abort(new UserError('The run was cancelled.'))
      return new UserError('aborted')
    })
    await expect(listIn(broken, {}, { signal: cancel.signal })).rejects.toThrow('The run was cancelled.')
  })

  it('is read by its tag if the registry names a digest that it does not have', async () => {
    const memory = await three()
    const wrong = `sha256:${'0'.repeat(64)}` as const
    const { client } = memory
    const resolveTag: typeof client.resolveTag = (repository, tag) =>
      tag === 'v2' ? Promise.resolve(wrong) : client.resolveTag(repository, tag)
    const { images, warnings } = await listIn({ ...memory, client: { ...client, resolveTag } })
    expect(images.map(({ tags }) => tags[0])).toEqual(['v1', 'v2', 'v3'])
    expect(images.some(({ digest }) => digest === wrong)).toBe(false)
    expect(warnings).toEqual([])
  })

  it('leaves out a tag that was deleted meanwhile', async () => {
    const memory = await three()
    const listTags = () => Promise.resolve(['gone', 'v1'])
    const { images, warnings } = await listIn({ ...memory, client: { ...memory.client, listTags } })
    expect(images.map(({ tags }) => tags)).toEqual([['v1']])
    expect(warnings).toEqual([])
  })

  it('is shown without secrets', async () => {
    const broken = failing(await three(), (one) =>
      one.endsWith(':v2') ? new UserError('It says hunter2.') : undefined,
    )
    const redact = (text: string) => text.replaceAll('hunter2', '***')
    expect((await listIn(broken, {}, { redact })).warnings.join()).toContain('It says ***.')
  })
})
