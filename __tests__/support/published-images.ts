import { type ListRequest, type ListWorld, listPublished } from '../../src/inventory/list.ts'
import type { Inventory } from '../../src/inventory/inventory.ts'
import { parseWhere } from '../../src/inventory/where.ts'
import type { Mirror } from '../../src/plan/request.ts'
import type { Engine } from '../../src/plan/engine.ts'
import type { Leg } from '../../src/plan/plan.ts'
import type { Digest } from '../../src/registry/content/digest.ts'
import { mediaTypes } from '../../src/registry/content/media-types.ts'
import type { Repository } from '../../src/registry/content/reference.ts'
import { candidateTag } from '../../src/store/contents.ts'
import { type LegReport, serialiseReport } from '../../src/store/leg-report.ts'
import { createStore } from '../../src/store/store.ts'
import type { GateName } from '../../src/verify/gate.ts'
import { labelsOf } from '../../src/verify/labels.ts'
import { cache, createMemory as createEmptyMemory, type Memory, run, sglang, vllm } from './memory-client.ts'
import { gitOf } from './plan-world.ts'
import { factsOf, makeOutcomeReport } from './reports.ts'
import { makeCandidate, makeLeg } from './verified-leg.ts'

export const bases: Repository = { registry: 'docker.io', path: 'vllm/vllm-openai' }

/** Creates a registry in memory whose repository of bases exists: it has a tag that is no release. */
export function createMemory(refuses?: (request: string) => boolean): Memory {
  const memory = createEmptyMemory(refuses)
  const { client } = memory
  const listTags: typeof client.listTags = async (repository) => {
    const tags = await client.listTags(repository)
    return repository.path === bases.path ? [...tags, 'nightly'] : tags
  }
  return { ...memory, client: { ...client, listTags } }
}

/** Returns a leg of these versions, each with its own build id. */
export function legOf(engine: string, nixl = '0.7.1', changes: Partial<Leg> = {}): Leg {
  const buildId = Buffer.from(`${engine} ${nixl} ${changes.platform ?? ''}`)
    .toString('hex')
    .padEnd(64, '0')
    .slice(0, 64)
  return makeLeg({ version: { tag: `v${engine}`, release: engine }, nixl, buildId, ...changes })
}

type Made = {
  tags: readonly string[]
  created?: string
  waived?: ReadonlyMap<GateName, string>
  /** More labels, or others */
  labels?: Record<string, string>
  /** Fields that differ in its report; null: none is stored */
  report?: Partial<LegReport> | null
}

/** Puts a manifest with this configuration under a tag or its digest. */
export async function putConfigured(
  { client, hold }: Memory,
  repository: Repository,
  tag: string,
  config: object,
): Promise<Digest> {
  const bytes = Buffer.from(JSON.stringify(config))
  const { mediaType, layers } = makeCandidate()
  for (const { digest } of layers) hold(repository, digest)
  const digest = await client.putBlob(repository, bytes)
  const content = {
    ...{ schemaVersion: 2, mediaType, layers },
    config: { mediaType: mediaTypes.ociConfig, digest, size: bytes.length },
  }
  return client.putManifest(repository, tag, Buffer.from(JSON.stringify(content)), mediaType)
}

function factsWithNixl(leg: Leg) {
  const facts = factsOf(leg)
  facts.image.nixl.distributions = { nixl: leg.nixl, 'nixl-cu13': leg.nixl }
  return facts
}

/** Stages and publishes a leg like a run, with its labels and its report. */
export async function publishImage(
  memory: Memory,
  leg: Leg,
  { tags, created = '2025-11-23T12:00:00Z', waived = new Map(), labels = {}, report = {} }: Made,
): Promise<Digest> {
  const facts = factsWithNixl(leg)
  const [os, architecture] = leg.platform.split('/')
  const config = {
    ...{ os, architecture, created },
    config: { Labels: { ...labelsOf(leg, facts, waived), ...labels } },
    rootfs: { diff_ids: [] },
  }
  const digest = await putConfigured(memory, cache, candidateTag(leg, run), config)
  if (report !== null) {
    const step = { name: 'the last', started: Date.parse(created), duration: 0, cached: false, failed: false }
    const made = { ...makeOutcomeReport(leg, facts, { digest }), steps: [step], ...report }
    await createStore(memory.client, cache).legs.stage(leg, digest, serialiseReport(made))
  }
  const repository = leg.engine === 'vllm' ? vllm : sglang
  for (const tag of tags) await putConfigured(memory, repository, tag, config)
  return digest
}

/** Publishes an index over several images of the cache repository. */
export async function publishIndex(
  { client, hold }: Memory,
  tag: string,
  entries: readonly { digest: Digest; platform: string }[],
): Promise<Digest> {
  for (const { digest } of entries) hold(vllm, digest)
  const manifests = await Promise.all(
    entries.map(async ({ digest, platform }) => {
      const found = await client.getManifest(cache, digest)
      if (!found) throw new Error(`there is no ${digest}`)
      const { parsed } = found
      const parts = parsed.kind === 'image' ? [parsed.config, ...parsed.layers] : []
      for (const part of parts) hold(vllm, part.digest)
      await client.putManifest(vllm, digest, found.bytes, found.mediaType)
      const [os = '', architecture = ''] = platform.split('/')
      return {
        ...{ mediaType: found.mediaType, digest, size: found.bytes.length },
        platform: { os, architecture },
      }
    }),
  )
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }
  return client.putManifest(vllm, tag, Buffer.from(JSON.stringify(index)), mediaTypes.ociIndex)
}

type Asked = { where?: string; push?: boolean; engines?: readonly Engine[]; mirrors?: Mirror[] }

export function requestOf({
  where = '',
  push = true,
  engines = ['vllm'],
  mirrors = [],
}: Asked = {}): ListRequest {
  const parsed = parseWhere(where)
  if ('refused' in parsed) throw new Error(JSON.stringify(parsed.refused))
  const nothing = { include: [], exclude: [] }
  return {
    plan: {
      engines: engines.map((engine) => ({ engine, versions: nothing })),
      aibrix: { repository: { kind: 'url', url: 'https://git.example/aibrix' }, versions: nothing },
      ...{ registry: 'docker.io', namespace: 'aibrix', baseRegistry: 'docker.io' },
      platforms: ['linux/amd64'],
      cacheRepository: cache,
      mirrors,
    },
    where: parsed,
    push,
  }
}

/** A world without anything newer upstream. */
export function worldOf(client: Memory['client'], changes: Partial<ListWorld> = {}): ListWorld {
  const { legs, inventories } = createStore(client, cache, () => new Date(0))
  return {
    ...{ registry: client, legs, inventories },
    git: gitOf([]),
    nixl: { versions: () => Promise.resolve({ state: 'known', versions: [] }) },
    signal: new AbortController().signal,
    redact: (text) => text,
    now: () => new Date('2025-12-01T00:00:00Z'),
    ...changes,
  }
}

export async function listIn(
  memory: Memory,
  asked: Asked = {},
  changes: Partial<ListWorld> = {},
): Promise<Inventory> {
  return (await listPublished(requestOf(asked), worldOf(memory.client, changes))).inventory
}

export { cache, type Memory, vllm }
