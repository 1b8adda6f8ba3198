import type { Leg } from '../../src/plan/plan.ts'
import type { Digest } from '../../src/registry/content/digest.ts'
import { mediaTypes } from '../../src/registry/content/media-types.ts'
import type { Repository } from '../../src/registry/content/reference.ts'
import { putArtifact } from '../../src/registry/artifact.ts'
import { documents, layersTag, planTag, reportTag, stagedTag } from '../../src/store/contents.ts'
import { serialiseReport } from '../../src/store/leg-report.ts'
import { createStore } from '../../src/store/store.ts'
import { cache, type Memory, publishImage } from './published-images.ts'
import { putImage } from './memory-client.ts'
import { factsOf, makeOutcomeReport } from './reports.ts'
import { makeBase } from './verified-leg.ts'
import { sha256 } from '../../src/plan/canonical.ts'

/** Long before the prune of `prune-content.ts` */
export const longAgo = new Date('2025-08-01T00:00:00Z')

const upstream: Repository = { registry: 'docker.io', path: 'vllm/vllm-openai' }
const keys = ['extension', 'wheel', 'ucx'] as const

/** The names of the stage artifacts that a leg is built with. */
export const artifactsOf = (leg: Leg): string[] => keys.map((kind) => `${kind}-${sha256(leg.buildId)}`)

/** Returns a leg on a base of its own, which is in the repository upstream. */
export async function legOnBase(memory: Memory, leg: Leg): Promise<Leg> {
  const { tag } = leg.version
  const manifestDigest = await putImage(memory, upstream, tag, leg, { labels: { version: tag } })
  return { ...leg, base: { ...leg.base, repository: upstream, tag, digest: manifestDigest, manifestDigest } }
}

/**
 * Stores all that a run with `keep-base` leaves of a leg, and publishes its image.
 * @param tags public ones
 * @returns the digest of the leg
 */
export async function runLeg(
  memory: Memory,
  leg: Leg,
  { at = longAgo, tags = [] }: { at?: Date; tags?: readonly string[] } = {},
): Promise<Digest> {
  const { client } = memory
  const store = createStore(client, cache, () => at)
  await store.bases.keep(leg)
  await store.facts.write(leg.base, makeBase())
  for (const name of artifactsOf(leg)) {
    const { type } = documents.artifact
    await putArtifact(client, cache, name, { type, bytes: Buffer.from(name), created: at })
  }
  await putLayers(memory, layersTag(leg.base))
  const digest = await publishImage(memory, leg, { tags, report: null, created: at.toISOString() })
  const report = makeOutcomeReport(leg, factsOf(leg), { digest, needs: artifactsOf(leg) })
  await store.legs.stage(leg, digest, serialiseReport(report))
  return digest
}

/** Replaces the report of a leg by one about this digest. */
export async function restage(
  { client }: Memory,
  leg: Leg,
  about: { digest: Digest },
  at: Date = longAgo,
): Promise<void> {
  const report = makeOutcomeReport(leg, factsOf(leg), about)
  const created = { type: documents.report.type, created: at }
  await putArtifact(client, cache, reportTag(leg), {
    ...created,
    bytes: Buffer.from(serialiseReport(report)),
  })
}

/** Stores a layer cache as BuildKit does with `image-manifest=true`. */
export async function putLayers({ client }: Memory, tag: string): Promise<Digest> {
  const config = Buffer.from(JSON.stringify({ records: [tag] }))
  const descriptor = {
    mediaType: 'application/vnd.buildkit.cacheconfig.v0',
    digest: await client.putBlob(cache, config),
    size: config.length,
  }
  const content = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: descriptor, layers: [] }
  return client.putManifest(cache, tag, Buffer.from(JSON.stringify(content)), mediaTypes.ociManifest)
}

/** Stores a plan with these legs. @returns its tag */
export async function putPlan({ client }: Memory, legs: readonly Leg[], at: Date): Promise<string> {
  const text = JSON.stringify({
    images: [{ legs: legs.map(({ buildId, architecture }) => ({ buildId, architecture })) }],
    bases: Object.fromEntries(legs.map((leg) => [stagedTag(leg), leg.base])),
  })
  const tag = planTag(sha256(text))
  const { type } = documents.plan
  await putArtifact(client, cache, tag, { type, bytes: Buffer.from(text), created: at })
  return tag
}

/** Puts an index of manifests that a repository has under a tag. */
export async function putIndex(
  { client }: Memory,
  repository: Repository,
  tag: string,
  digests: readonly Digest[],
): Promise<Digest> {
  const manifests = digests.map((digest) => ({ mediaType: mediaTypes.ociManifest, digest, size: 1 }))
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }
  return client.putManifest(repository, tag, Buffer.from(JSON.stringify(index)), mediaTypes.ociIndex)
}
