import { clean, gt, rcompare } from '@renovatebot/pep440'
import { isPreRelease, type Product, releasesOf } from './release.ts'

/** @returns the newest of some versions by PEP 440, without its local part; undefined if none is one */
export function newestVersion(versions: readonly string[]): string | undefined {
  const valid = versions.flatMap((version) => clean(version.replace(/\+.*$/, '')) ?? [])
  return valid.sort(rcompare)[0]
}

/**
 * Finds the stable releases that are newer than what is published.
 * @param tags all of a registry, git or pip, in any order
 * @param published the newest published version; undefined if there is none
 * @returns their tags, newest first; if nothing is published, the newest release alone
 */
export function newerReleases(
  product: Product,
  tags: readonly string[],
  published: string | undefined,
): string[] {
  const stable = releasesOf(product, tags).filter(
    ({ version, variant }) => variant === '' && !isPreRelease(version),
  )
  const newer =
    published === undefined ? stable.slice(0, 1) : stable.filter(({ version }) => gt(version, published))
  return newer.map(({ tag }) => tag)
}
