import { readFile, writeFile } from 'node:fs/promises'
import { createStore } from '../../src/store/store.ts'
import { parseImageConfig } from '../../src/registry/content/image-config.ts'
import { mediaTypes } from '../../src/registry/content/media-types.ts'
import { UserError } from '../../src/errors.ts'
import type { Leg } from '../../src/plan/plan.ts'
import { buildIdLabel } from '../../src/plan/published/published.ts'
import { candidateTag } from '../../src/store/contents.ts'
import type { RegistryClient } from '../../src/registry/client.ts'
import { type Digest, digestOf } from '../../src/registry/content/digest.ts'
import { parseManifest } from '../../src/registry/content/manifest.ts'
import type { Repository } from '../../src/registry/content/reference.ts'
import { type LegReport, serialiseReport } from '../../src/store/leg-report.ts'
import { makeOutcomeReport } from './reports.ts'
import { makeCandidate, makeConfig } from './verified-leg.ts'

/** Distinguishes a candidate from that of another run */
export const run = '0123abcd'

export const cache: Repository = { registry: 'docker.io', path: 'aibrix/image-cache' }
export const vllm: Repository = { registry: 'docker.io', path: 'aibrix/vllm-openai' }
export const sglang: Repository = { registry: 'docker.io', path: 'aibrix/sglang' }

type Client = RegistryClient

export type Memory = {
  client: Client
  /** All requests: `get aibrix/vllm-openai:v1`, `put …`, `blob …` (an upload), `mount …` */
  seen: string[]
  /** Adds a layer to a repository without its bytes */
  hold: (repository: Repository, digest: Digest) => void
  /** Tags an existing manifest without a request */
  tag: (repository: Repository, tag: string, digest: Digest) => void
  remove: (repository: Repository, tag: string) => void
  /** Returns the tags of a repository: tag → digest */
  tagsOf: (repository: Repository) => Record<string, Digest>
}

/**
 * Creates a registry in memory. Like real ones, it accepts a manifest only if it has what that
 * points to.
 * @param refuses which requests, in the form of `seen`, get an error
 */
export function createMemory(refuses: (request: string) => boolean = () => false): Memory {
  const manifests = new Map<string, { bytes: Buffer; mediaType: string }>()
  const blobs = new Map<string, Buffer>()
  const held = new Set<string>()
  const hold: Memory['hold'] = ({ path }, digest) => held.add(`${path}@${digest}`)
  const seen: string[] = []
  const asked = (request: string): void => {
    seen.push(request)
    if (refuses(request)) throw new UserError(`registry docker.io refused "${request}".`)
  }
  const get: Client['getManifest'] = (repository, reference) => {
    asked(`get ${repository.path}:${reference}`)
    const found = manifests.get(`${repository.path}:${reference}`)
    if (!found) return Promise.resolve(undefined)
    const parsed = parseManifest(found.bytes, found.mediaType, reference)
    return Promise.resolve({ ...found, digest: digestOf(found.bytes), parsed })
  }
  const put: Client['putManifest'] = ({ path }, reference, bytes, mediaType) => {
    asked(`put ${path}:${reference}`)
    const parsed = parseManifest(bytes, mediaType, reference)
    const parts = parsed.kind === 'image' ? [parsed.config, ...parsed.layers] : parsed.manifests
    for (const { digest } of parts)
      if (!held.has(`${path}@${digest}`) && !manifests.has(`${path}:${digest}`))
        throw new UserError(`${path}@${digest} is unknown.`)
    const digest = digestOf(bytes)
    for (const name of [reference, digest])
      manifests.set(`${path}:${name}`, { bytes: Buffer.from(bytes), mediaType })
    return Promise.resolve(digest)
  }
  const client: Client = {
    getManifest: async (...request) => get(...request),
    putManifest: async (repository, reference, bytes, mediaType, check) => {
      await check?.()
      return put(repository, reference, bytes, mediaType)
    },
    confirmManifest: async (repository, reference, digest) => {
      if ((await get(repository, reference))?.digest !== digest) throw new UserError('It is something else.')
    },
    deleteManifest: async ({ path }, digest) => {
      asked(`delete ${path}:${digest}`)
      const existed = manifests.has(`${path}:${digest}`)
      for (const [name, { bytes }] of manifests)
        if (name.startsWith(`${path}:`) && digestOf(bytes) === digest) manifests.delete(name)
      return Promise.resolve(existed)
    },
    resolveTag: ({ path }, reference) => {
      asked(`head ${path}:${reference}`)
      const found = manifests.get(`${path}:${reference}`)
      return Promise.resolve(found && digestOf(found.bytes))
    },
    getImageConfig: async (repository, { config }) =>
      parseImageConfig(await client.getBlob(repository, config.digest, Infinity), repository.path),
    getBlob: async ({ path }, digest) => {
      const found = held.has(`${path}@${digest}`) ? blobs.get(digest) : undefined
      if (!found) throw new UserError(`${path} has no blob ${digest}.`)
      return Promise.resolve(found)
    },
    hasBlob: async ({ path }, digest) => Promise.resolve(held.has(`${path}@${digest}`)),
    downloadBlob: async (repository, { digest, path }) =>
      writeFile(path, await client.getBlob(repository, digest, Infinity)),
    putBlob: async (repository, content) => {
      asked(`blob ${repository.path}`)
      const bytes = Buffer.from(content instanceof Uint8Array ? content : await readFile(content.path))
      const digest = digestOf(bytes)
      blobs.set(digest, bytes)
      hold(repository, digest)
      return Promise.resolve(digest)
    },
    mountBlob: async ({ from, to, digest }) => {
      asked(`mount ${to.path}`)
      if (!held.has(`${from.path}@${digest}`)) throw new UserError(`${from.path} has no blob ${digest}.`)
      hold(to, digest)
      return Promise.resolve('mounted')
    },
    tryMount: async (blob) => (await client.mountBlob(blob)) === 'mounted',
    listTags: async (repository) => {
      asked(`list ${repository.path}`)
      return Promise.resolve(Object.keys(tagsOf(repository)))
    },
    listReferrers: () => Promise.resolve(undefined),
    pushesTo: () => undefined,
    close: () => undefined,
  }
  const tagsOf = ({ path }: Repository): Record<string, Digest> =>
    Object.fromEntries(
      [...manifests].flatMap(([name, { bytes }]) =>
        name.startsWith(`${path}:`) && !name.includes(':sha256:')
          ? [[name.slice(path.length + 1), digestOf(bytes)]]
          : [],
      ),
    )
  const tag: Memory['tag'] = ({ path }, name, digest) => {
    const found = manifests.get(`${path}:${digest}`)
    if (found) manifests.set(`${path}:${name}`, found)
  }
  const remove: Memory['remove'] = ({ path }, name) => void manifests.delete(`${path}:${name}`)
  return { client, seen, hold, tag, remove, tagsOf }
}

/**
 * Puts an image of a leg under a tag, like BuildKit without attestations.
 * @param is content that differs from what was planned
 */
export async function putImage(
  { client, hold }: Memory,
  repository: Repository,
  tag: string,
  leg: Pick<Leg, 'buildId' | 'platform'>,
  is: { platform?: string; labels?: Record<string, string> } = {},
): Promise<Digest> {
  const [os = '', architecture = ''] = (is.platform ?? leg.platform).split('/')
  const { entrypoint, env, workingDir } = makeConfig()
  const labels = is.labels ?? { [buildIdLabel]: leg.buildId }
  const config = Buffer.from(
    JSON.stringify({
      ...{ os, architecture },
      config: { Entrypoint: entrypoint, Env: env, WorkingDir: workingDir, Labels: labels },
      rootfs: { diff_ids: [] },
    }),
  )
  const { mediaType, layers } = makeCandidate()
  for (const { digest } of layers) hold(repository, digest)
  const content = {
    ...{ schemaVersion: 2, mediaType, layers },
    config: {
      mediaType: mediaTypes.ociConfig,
      digest: await client.putBlob(repository, config),
      size: config.length,
    },
  }
  return client.putManifest(repository, tag, Buffer.from(JSON.stringify(content)), mediaType)
}

/**
 * Stages a leg like a run that built and verified it.
 * @param labels besides the build id
 * @param report fields that differ in its report
 */
export async function stageLeg(
  memory: Memory,
  leg: Leg,
  labels: Record<string, string> = {},
  report: Partial<LegReport> = {},
): Promise<Digest> {
  const own = { [buildIdLabel]: leg.buildId, ...labels }
  const digest = await putImage(memory, cache, candidateTag(leg, run), leg, { labels: own })
  const made = { ...makeOutcomeReport(leg, undefined, { digest }), ...report }
  await createStore(memory.client, cache).legs.stage(leg, digest, serialiseReport(made))
  return digest
}

/** An attestation of an image, or of another one */
export type Statement = { type: string; text: string; other?: boolean }

/**
 * Stages a leg like `stageLeg`, but as an index of the image and its attestation, like BuildKit's.
 */
export async function stageWithAttestations(
  memory: Memory,
  leg: Leg,
  statements: readonly Statement[],
): Promise<Digest> {
  const { client } = memory
  const image = await putImage(memory, cache, candidateTag(leg, run), leg)
  const config = await client.putBlob(cache, Buffer.from('{}'))
  const entry = (digest: Digest) => ({ mediaType: mediaTypes.ociManifest, digest, size: 1 })
  const attestations = await Promise.all(
    statements.map(async ({ type, text, other }) => {
      const layer = { digest: await client.putBlob(cache, Buffer.from(text)), size: text.length }
      const content = {
        ...{ schemaVersion: 2, mediaType: mediaTypes.ociManifest },
        config: { mediaType: mediaTypes.ociConfig, digest: config, size: 2 },
        layers: [
          {
            ...{ mediaType: 'application/vnd.in-toto+json', ...layer },
            annotations: { 'in-toto.io/predicate-type': type },
          },
        ],
      }
      const bytes = Buffer.from(JSON.stringify(content))
      const digest = await client.putManifest(cache, digestOf(bytes), bytes, mediaTypes.ociManifest)
      const annotations = {
        'vnd.docker.reference.type': 'attestation-manifest',
        'vnd.docker.reference.digest': other ? digest : image,
      }
      return { ...entry(digest), annotations, platform: { os: 'unknown', architecture: 'unknown' } }
    }),
  )
  const [os = '', architecture = ''] = leg.platform.split('/')
  const manifests = [{ ...entry(image), platform: { os, architecture } }, ...attestations]
  const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }))
  const digest = await client.putManifest(cache, candidateTag(leg, run), index, mediaTypes.ociIndex)
  const report = makeOutcomeReport(leg, undefined, { digest })
  await createStore(client, cache).legs.stage(leg, digest, serialiseReport(report))
  return digest
}
