import { clean, eq, explain, ge, gt, le, lt } from '@renovatebot/pep440'
import { isPreRelease } from './release.ts'
import { versionParts, versionPattern } from './version.ts'

const { number, three, rest } = versionParts

const partial = String.raw`v?(?:${versionPattern}|${three}-0|${number}\.${number}(?:\.[xX*])?|${number}(?:\.[xX*]){0,2}|\*)`
const comparator = new RegExp(`^(?:>=|<=|>|<|=|~|\\^)?${partial}$`)
const hyphenRange = new RegExp(`^${partial} - ${partial}$`)

/**
 * Checks the syntax of a range: that of semver, with full PEP 440 versions as bounds
 * (`>=0.5.5.post3`).
 * @param text with single spaces
 * @returns the range with spaces only between comparators; undefined if it is invalid
 */
export function normalRange(text: string): string | undefined {
  const alternatives = text.split('||').map((alternative) => alternative.trim().replace(/([<>=~^]) /g, '$1'))
  const valid = alternatives.every(
    (alternative) =>
      hyphenRange.test(alternative) || alternative.split(' ').every((part) => comparator.test(part)),
  )
  return valid ? alternatives.join(' || ') : undefined
}

const operators = { '': eq, '=': eq, '<': lt, '<=': le, '>': gt, '>=': ge }

type Bound = { operator: keyof typeof operators; version: string }

/**
 * @param range as `normalRange` returns it
 * @returns tests whether a PEP 440 version is in it: semver gives the bounds, PEP 440 the order
 */
export async function rangeTest(range: string): Promise<(version: string) => boolean> {
  // Loaded only for ranges: the bytes that the action loads at its start are limited.
  const { default: SemverRange } = await import('semver/classes/range.js')
  const alternatives = range.split(' || ').map((alternative) => boundsOf(alternative, SemverRange))
  return (version) =>
    alternatives.some(
      (bounds) =>
        bounds.every(({ operator, version: bound }) => operators[operator](version, bound)) &&
        (!isPreRelease(version) || namesPreReleaseOf(bounds, version)),
    )
}

const fullVersion = new RegExp(`(${three})(${rest})`, 'g')

/** Semver does not know `0.5.5.post3`, so it gets `0.5.5-bound.0`, which its bounds contain. */
function boundsOf(
  alternative: string,
  SemverRange: typeof import('semver/classes/range.js'),
): readonly Bound[] {
  const given: string[] = []
  const readable = alternative.replace(fullVersion, (version, numbers: string, more: string) =>
    more === '' ? version : `${numbers}-bound.${given.push(clean(version) ?? version) - 1}`,
  )
  const [comparators = []] = new SemverRange(readable).set
  return comparators
    .filter(({ value }) => value !== '') // any version
    .map(({ operator, semver: { major, minor, patch, prerelease } }) => {
      const [kind, position] = prerelease
      const numbers = `${major}.${minor}.${patch}`
      if (kind === 'bound') return { operator, version: given[Number(position)] ?? numbers }
      // In semver `-0` precedes all pre-releases, as `.dev0` does in PEP 440.
      return { operator, version: kind === undefined ? numbers : `${numbers}.dev0` }
    })
}

/** Semver's rule: a pre-release is in a range only if a bound is one of the same release. */
function namesPreReleaseOf(bounds: readonly Bound[], version: string): boolean {
  const base = explain(version)?.base_version ?? version
  return bounds.some(
    (bound) => isPreRelease(bound.version) && eq(explain(bound.version)?.base_version ?? '', base),
  )
}
