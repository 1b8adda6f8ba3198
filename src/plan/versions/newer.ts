import { clean, gt, rcompare } from '@renovatebot/pep440'
import { isPreRelease, type Product, releasesOf } from './release.ts'

/**
 * @param measured a version of a Python package or a component: `2.8.0+cu128`
 * @returns it in PEP 440's normal form, without its local part; undefined if it is no version
 */
export function releasePart(measured: string): string | undefined {
  return clean(measured.replace(/\+.*$/, '')) ?? undefined
}

/** @returns the newest of measured versions, as `releasePart`; undefined if none is a version */
export function newestVersion(measured: readonly string[]): string | undefined {
  return measured.flatMap((version) => releasePart(version) ?? []).sort(rcompare)[0]
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
