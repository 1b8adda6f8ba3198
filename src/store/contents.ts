import { type BaseImage, type Leg, sha256 } from '../plan/index.ts'
import { type Digest, formatRepository, type Repository } from '../registry/index.ts'

/** What identifies a staged leg. */
export type NamedLeg = Pick<Leg, 'buildId' | 'architecture'>

/** What identifies the image that a report is about. */
export type ReportedLeg = NamedLeg & Pick<Leg, 'platform'>

type PinnedBase = Pick<BaseImage, 'manifestDigest'>

const mebibyte = 1024 * 1024

/** Documents of the cache repository: media type, and the largest size that is read, in bytes. */
export const documents = {
  /** A plan of 256 legs has about 2 MB */
  plan: { type: 'application/vnd.aibrix.image-action.plan.v1+json', limit: 16 * mebibyte },
  /** The facts of a base with 500 packages have about 60 kB */
  facts: { type: 'application/vnd.aibrix.image-action.facts.v1+json', limit: 4 * mebibyte },
  /** A report has about 50 kB */
  report: { type: 'application/vnd.aibrix.image-action.report.v1+json', limit: 4 * mebibyte },
  /** The report of a verification has as much as one of a build */
  verified: { type: 'application/vnd.aibrix.image-action.verified.v1+json', limit: 4 * mebibyte },
  /** What is kept about 10,000 images has about 20 MB */
  inventory: { type: 'application/vnd.aibrix.image-action.inventory.v1+jsonl', limit: 64 * mebibyte },
  /** Real wheels and UCX have a few MB */
  artifact: { type: 'application/vnd.aibrix.image-action.artifact.v1.tar+gzip', limit: 128 * mebibyte },
} as const

/** The time, for the `created` annotation of what is stored. */
export type Now = () => Date

/** Versions of the documents' content; other versions are not read. */
export const formats = { plan: 1, report: 2, verified: 1 } as const

/**
 * Tag of an image that is pushed but not fully judged. Each run has its own: on a shared engine, the
 * first of two runs to end would otherwise remove the other's image by its name.
 * @param run 8 hexadecimal digits
 */
export function candidateTag({ buildId, architecture }: NamedLeg, run: string): string {
  return `candidate-${buildId}-${architecture}-${run}`
}

/** Tag of a judged leg. Only this tag means verified. */
export function stagedTag({ buildId, architecture }: NamedLeg): string {
  return `build-${buildId}-${architecture}`
}

/** Tag of the report about a leg. */
export function reportTag({ buildId, architecture }: NamedLeg): string {
  return `report-${buildId}-${architecture}`
}

/** Tag of what was measured in a base, on the platform of its manifest. */
export function factsTag({ manifestDigest }: PinnedBase): string {
  return `facts-${manifestDigest.replace('sha256:', '')}`
}

/**
 * Tag of the layer cache of a base. BuildKit reuses a layer only on top of the very same base, so
 * legs on one base share the cache: another NIXL or AIBrix reuses what the previous build left.
 */
export function layersTag({ manifestDigest }: PinnedBase): string {
  return `layers-${manifestDigest.replace('sha256:', '')}`
}

/** Tag of the copy of a base, which is never moved. */
export function copyTag({ manifestDigest }: PinnedBase): string {
  return `base-${manifestDigest.replace('sha256:', '')}`
}

/**
 * Tag of an index of the copies of what a tag upstream named last.
 * @param name `docker.io/vllm/vllm-openai:v0.10.2`
 */
export function namedCopiesTag(name: string): string {
  return `base-named-${sha256(name)}`
}

/** Tag of a plan. @param sha256 of the plan's document, 64 hexadecimal digits */
export function planTag(sha256: string): string {
  return `plan-${sha256}`
}

/** Tag of what is kept about the images of a public repository, see `command: list`. */
export function inventoryTag(repository: Repository): string {
  return `inventory-${sha256(formatRepository(repository))}`
}

/** What identifies a verification: the image of one platform, and the scripts that measured it. */
export type Verification = {
  /** Of the image's manifest, not of an index */
  digest: Digest
  /** 12 hexadecimal digits */
  scripts: string
}

/** Tag of how an image was judged after it was built. */
export function verifiedTag({ digest, scripts }: Verification): string {
  return `verified-${digest.replace('sha256:', '')}-${scripts}`
}

/** What a tag of the cache repository names, by its grammar alone. */
export type StoredTag =
  | ({ kind: 'build' | 'report' } & NamedLeg)
  | ({ kind: 'candidate'; run: string } & NamedLeg)
  | ({ kind: 'facts' | 'layers' | 'base' } & PinnedBase)
  | ({ kind: 'verified' } & Verification)
  /** `key`: 64 hexadecimal digits */
  | { kind: 'extension' | 'wheel' | 'ucx' | 'base-named' | 'inventory' | 'plan'; key: string }

/** The inverse of the functions above. @returns undefined for a tag that this action does not create */
export function parseTag(tag: string): StoredTag | undefined {
  const [, kind, key = '', rest] = /^([a-z-]+?)-([0-9a-f]{64})(?:-(.+))?$/.exec(tag) ?? []
  const [, architecture, run] = /^([a-z0-9]+)(?:-([0-9a-f]{8}))?$/.exec(rest ?? '') ?? []
  switch (kind) {
    case 'build':
    case 'report':
      return architecture && !run ? { kind, buildId: key, architecture } : undefined
    case 'candidate':
      return architecture && run ? { kind, buildId: key, architecture, run } : undefined
    case 'facts':
    case 'layers':
    case 'base':
      return rest === undefined ? { kind, manifestDigest: `sha256:${key}` } : undefined
    case 'verified':
      return rest !== undefined && /^[0-9a-f]{12}$/.test(rest)
        ? { kind, digest: `sha256:${key}`, scripts: rest }
        : undefined
    case 'extension':
    case 'wheel':
    case 'ucx':
    case 'base-named':
    case 'inventory':
    case 'plan':
      return rest === undefined ? { kind, key } : undefined
    default:
      return undefined
  }
}
