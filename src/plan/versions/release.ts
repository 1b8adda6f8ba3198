import { clean, explain, rcompare } from '@renovatebot/pep440'
import { isVariant, parseEngineVersion, suffixOf, versionPattern } from './version.ts'

/** What has versions: the base image of an engine, AIBrix's repository, NIXL's Python package. */
export type Product = 'engine' | 'aibrix' | 'nixl'

export type Release = {
  /** As the registry, git or pip calls it */
  tag: string
  /** PEP 440 in its normal form, without `v` and variant */
  version: string
  /** `-cu129`, or nothing */
  variant: string
}

const plainVersion = new RegExp(`^v?(${versionPattern})$`)

/**
 * Reads a tag of a registry or of git, or a version of pip.
 * @returns undefined if it is not a version of the product: `gateway-v0.3.1`, `nightly`,
 * `v0.12.0-1`, `kimi-k3`. Also if an engine's tag differs from that of `parseEngineVersion`, which
 * would be pulled, or has a suffix that is not a variant, which the next version may lack
 */
export function parseRelease(product: Product, tag: string): Release | undefined {
  if (product === 'engine') {
    const version = parseEngineVersion(tag)
    if (version?.tag !== tag) return undefined
    const variant = suffixOf(version)
    return isVariant(variant) ? { tag, version: version.release, variant } : undefined
  }
  const version = clean(plainVersion.exec(tag)?.[1])
  if (version === null) return undefined
  return { tag: product === 'nixl' ? version : tag, version, variant: '' }
}

/** @returns the distinct releases among the tags, newest first by PEP 440 */
export function releasesOf(product: Product, tags: readonly string[]): Release[] {
  const releases = tags.flatMap((tag) => parseRelease(product, tag) ?? [])
  // Of `0.5.0` and `v0.5.0` the latter stays.
  releases.sort((left, right) => (left.tag < right.tag ? -1 : 1))
  const distinct = new Map(releases.map((release) => [identityOf(release), release]))
  return [...distinct.values()].sort((left, right) => rcompare(left.version, right.version))
}

/** @returns what two spellings of one release have in common */
export function identityOf({ version, variant }: Release): string {
  return version + variant
}

export function isPreRelease(version: string): boolean {
  return explain(version)?.is_prerelease ?? false
}

/** @returns `0.10` for `0.10.1.post1` */
export function minorLineOf(version: string): string {
  return explain(version)?.release.slice(0, 2).join('.') ?? version
}

/** Whether a variant is for one machine only. Such a tag must be named exactly. */
export function isForOneArchitecture(variant: string): boolean {
  return /-(?:x86_64|aarch64|amd64|arm64)(?:-|$)/.test(variant)
}
