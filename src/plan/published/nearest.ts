import { clean, eq, gt, rcompare } from '@renovatebot/pep440'
import {
  isForOneArchitecture,
  isPreRelease,
  type Product,
  type Release,
  releasesOf,
} from '../versions/release.ts'
import {
  parseEngineVersion,
  suffixOf,
  trailingVariant,
  versionParts,
  versionPattern,
} from '../versions/version.ts'

const { number } = versionParts
const firstVersion = new RegExp(String.raw`${versionPattern}|${number}(?:\.${number}){0,2}`)

/**
 * @param text a missing version, a range without match, or a name
 * @returns what exists instead, as part of a sentence: `the nearest are v0.33.0, v0.32.0-cu129
 * (-cu129 ended with v0.32.0)`; undefined if nothing does
 */
export function nearestHint(product: Product, text: string, tags: readonly string[]): string | undefined {
  const nearest = nearestReleases(product, text, tags)
  if (nearest.length === 0) return undefined
  const end = product === 'engine' ? endOfVariant(text, tags) : undefined
  return `the nearest are ${nearest.join(', ')}${end === undefined ? '' : ` (${end})`}`
}

/** @returns the last version with the requested suffix, if there are newer ones without it */
function endOfVariant(text: string, tags: readonly string[]): string | undefined {
  const asked = askedVersion(text)
  const exact = parseEngineVersion(text)
  const suffix = exact ? suffixOf(exact) : trailingVariant(text)
  if (suffix === '' || asked === null) return undefined
  const newest = (of: string) => {
    const versions = tags.flatMap((tag) => parseEngineVersion(tag) ?? [])
    const released = versions.filter((one) => suffixOf(one) === of && !isPreRelease(one.release))
    return released.map(({ release }) => release).sort(rcompare)[0]
  }
  const [last, plain] = [newest(suffix), newest('')]
  if (last === undefined || plain === undefined || !gt(plain, last) || !gt(asked, last)) return undefined
  return `${suffix} ended with v${last}`
}

function askedVersion(text: string): string | null {
  return text.startsWith('latest') ? null : clean(firstVersion.exec(text)?.[0])
}

/**
 * @param text a version, a range or a name
 * @returns the tags of the five existing versions that are nearest to it in PEP 440's order, those
 * of the same variant first; the newest ones if the text contains no version
 */
export function nearestReleases(product: Product, text: string, tags: readonly string[]): string[] {
  const variant = trailingVariant(text)
  const version = askedVersion(text)
  const releases = releasesOf(product, tags).filter((release) => isComparable(release, version, variant))
  const versions = [...new Set(releases.map((release) => release.version))]
  const place = version === null ? 0 : placeAmong(versions, version)
  const distance = new Map(versions.map((one, index) => [one, Math.abs(index - place)]))
  const rank = (release: Release) =>
    (distance.get(release.version) ?? 0) + (release.variant === variant ? 0 : 0.1)
  return releases
    .sort((left, right) => rank(left) - rank(right))
    .slice(0, 5)
    .map(({ tag }) => tag)
}

/** Other variants are shown only for the very same version, the plain one always. */
function isComparable(release: Release, version: string | null, variant: string): boolean {
  if (isPreRelease(release.version) && (version === null || !isPreRelease(version))) return false
  if (release.variant === variant || release.variant === '') return true
  return version !== null && eq(release.version, version) && !isForOneArchitecture(release.variant)
}

/** @returns the index of a version in a list, newest first; between two of them if it is missing */
function placeAmong(versions: readonly string[], version: string): number {
  const newer = versions.filter((one) => gt(one, version)).length
  return versions.some((one) => eq(one, version)) ? newer : newer - 0.5
}
