import type { Content } from '../registry-in-memory.ts'
import { cache, published } from './place.ts'

type Repository = NonNullable<ReturnType<Content['get']>>

type Manifest = {
  annotations?: Record<string, string>
  config?: { digest: string }
  layers?: { digest: string }[]
  manifests?: { digest: string }[]
  subject?: { digest: string }
}

export type Kept = { keepDays: number; keep: number; undated: boolean; isPublicPruned: boolean }

const own =
  /^(?:(?:build|report)-[0-9a-f]{64}-[a-z0-9]+|candidate-[0-9a-f]{64}-[a-z0-9]+-[0-9a-f]{8}|verified-[0-9a-f]{64}-[0-9a-f]{12}|(?:facts|extension|wheel|ucx|layers|base|base-named|inventory|plan)-[0-9a-f]{64})$/

const day = 86_400_000

/**
 * Says by simpler rules than the action's, read from bytes alone, which tags a prune must not delete: what
 * is not the action's, what is young or undated, what is public and what that is made of, signed, and the newest legs.
 * @returns `acme/image-cache:build-…`
 */
export function mustStay(
  content: Content,
  { keepDays, keep, undated, isPublicPruned }: Kept,
  now: number,
): string[] {
  const [store, images] = [content.get(cache), content.get(published)]
  const isYoung = (created: string | undefined): boolean =>
    created === undefined ? !undated : now - Date.parse(created) < keepDays * day
  const publicTags = [...(images?.tags ?? [])].filter(
    ([tag, digest]) => !isPublicPruned || !/-\d{8}$/.test(tag) || !allDated(images, digest),
  )
  const publicDigests = new Set(publicTags.flatMap(([, digest]) => [digest, ...partsOf(images, digest)]))
  const verified = new Map(verifiedLegs(store).map((leg) => [leg.tag, leg.created]))
  const signed = new Set(
    [...(store?.tags.keys() ?? [])].flatMap((tag) => /^sha256-([0-9a-f]{64})/.exec(tag)?.[1] ?? []),
  )
  const tags = [...(store?.tags ?? [])].filter(([tag, digest]) => {
    const all = tagsOf(store, digest)
    if (all.some((one) => !own.test(one))) return true
    if (publicDigests.has(digest) || partsOf(store, digest).some((part) => publicDigests.has(part)))
      return tag.startsWith('build-')
    if (signed.has(digest.replace('sha256:', ''))) return true
    if (tag.startsWith('build-')) return isYoung(verified.get(tag))
    const created = createdOf(store, digest)
    return /^(?:facts|extension|wheel|ucx|inventory|plan|report)-/.test(tag) && isYoung(created)
  })
  const reports = tags.flatMap(([tag]) => (verified.has(tag) ? [tag.replace('build-', 'report-')] : []))
  return [
    ...reports.map((tag) => `${cache}:${tag}`),
    ...publicTags.map(([tag]) => `${published}:${tag}`),
    ...tags.map(([tag]) => `${cache}:${tag}`),
    ...(keep > 0 ? newestLegs(store).map((tag) => `${cache}:${tag}`) : []),
  ]
}

/** Returns the verified leg that was reported last, if there is only one. */
function newestLegs(store: Repository | undefined): string[] {
  const legs = verifiedLegs(store).map(({ tag, created }) => ({ tag, created: created ?? '' }))
  const newest = legs.reduce((latest, { created }) => (created > latest ? created : latest), '')
  const tags = legs.flatMap(({ tag, created }) => (created === newest ? [tag] : []))
  return tags.length === 1 ? tags : []
}

/** Returns the legs that a run would skip: those whose report is about them. */
export function verifiedLegs(store: Repository | undefined): { tag: string; created: string | undefined }[] {
  return [...(store?.tags ?? [])].flatMap(([tag, digest]) => {
    if (!tag.startsWith('build-')) return []
    const stored = store?.tags.get(tag.replace('build-', 'report-'))
    return reportedDigest(store, stored) === digest ? [{ tag, created: createdOf(store, stored) }] : []
  })
}

function reportedDigest(store: Repository | undefined, digest: string | undefined): string | undefined {
  const layer = manifestOf(store, digest)?.layers?.[0]?.digest ?? ''
  const bytes = store?.blobs.get(layer)
  return bytes ? (JSON.parse(bytes.toString()) as { digest?: string }).digest : undefined
}

function manifestOf(repository: Repository | undefined, digest = ''): Manifest | undefined {
  const bytes = repository?.manifests.get(digest)?.bytes
  return bytes && (JSON.parse(bytes.toString()) as Manifest)
}

function createdOf(repository: Repository | undefined, digest: string | undefined): string | undefined {
  return manifestOf(repository, digest)?.annotations?.['org.opencontainers.image.created']
}

function partsOf(repository: Repository | undefined, digest: string): string[] {
  return (manifestOf(repository, digest)?.manifests ?? []).map((part) => part.digest)
}

function tagsOf(repository: Repository | undefined, digest: string): string[] {
  return [...(repository?.tags ?? [])].flatMap(([tag, one]) => (one === digest ? [tag] : []))
}

function allDated(repository: Repository | undefined, digest: string): boolean {
  return tagsOf(repository, digest).every((tag) => /-\d{8}$/.test(tag))
}
