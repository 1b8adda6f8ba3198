import { clean, eq, valid } from '@renovatebot/pep440'
import * as v from 'valibot'
import { otherHardware, partsOf } from './suffix.ts'

export const engineVersionSchema = v.object({
  /** The base image's tag, always with `v`: `v0.20.0-cu129` */
  tag: v.string(),
  /** PEP 440 public version, without `v` and suffix: `0.20.0` */
  release: v.string(),
})
/** An engine version as it names an image: `v0.5.5.post3`, or `v0.20.0-cu129` with a suffix. */
export type EngineVersion = v.InferOutput<typeof engineVersionSchema>

/** JavaScript is exact up to 15 digits; semver allows no leading zero. */
const number = String.raw`(?:0|[1-9]\d{0,14})`

/** Parts of a version, as unambiguous sources of regular expressions. */
export const versionParts = {
  number,
  three: String.raw`${number}\.${number}\.${number}`,
  /** What may follow: a fourth and fifth number, `b1`, `rc1` or `-rc.1`, `.post3`, `.dev5` */
  rest: String.raw`(?:\.${number}){0,2}(?:(?:\.?(?:a|b)|[-.]?rc)\.?${number})?(?:\.?post${number})?(?:\.?dev${number})?`,
  /** Published for version after version, so that `latest` and ranges may look for it */
  variant: String.raw`-(?:cu\d{2,4}|ubuntu\d{4}|x86_64|aarch64|amd64|arm64|g?b200|runtime|zstd|efa)`,
}

/**
 * A full version, with three numbers or more: `0.10` is a range. Not left to PEP 440, which reads
 * `0.12.0-1` as `0.12.0.post1` ("implicit post releases") and knows no image variants.
 */
export const versionPattern = versionParts.three + versionParts.rest

const engineTag = new RegExp(`^v?(${versionPattern})((?:[-_][\\w.-]+)?)$`)
const variants = new RegExp(`^(?:${versionParts.variant})*$`)
const lastVariants = new RegExp(`(?:${versionParts.variant})+$`)
const firstVariant = new RegExp(`^${versionParts.variant}(?![^-_])`)

/** In characters, as registries allow */
const longestTag = 128

/** Words after the engine's version in the action's own tags, which no suffix may contain */
const ownWords = ['aibrix', 'nixl']

/** @returns undefined if the text is not exactly one engine version */
export function parseEngineVersion(text: string): EngineVersion | undefined {
  const [, version, suffix = ''] = engineTag.exec(text.trim()) ?? []
  const release = clean(version)
  if (release === null || !isSuffix(release, suffix)) return undefined
  const tag = `v${release}${suffix}`
  return tag.length <= longestTag ? { tag, release } : undefined
}

/** @returns what follows the version in its tag: `-cu129`, `-acme`, or nothing */
export function suffixOf({ tag, release }: EngineVersion): string {
  return tag.slice(1 + release.length)
}

/** @returns the known variants at the end of a text, or nothing */
export function trailingVariant(text: string): string {
  return lastVariants.exec(text)?.[0] ?? ''
}

/** Whether a suffix consists of known variants, or is empty. */
export function isVariant(suffix: string): boolean {
  return variants.test(suffix)
}

/**
 * Whether somebody's own image for CUDA may have this suffix. It is not a suffix if PEP 440 reads
 * it as part of the version (`-1` and `-20251123` are post releases there, `-alpha` is a
 * pre-release).
 */
function isSuffix(release: string, suffix: string): boolean {
  if (isVariant(suffix)) return true
  const [first = ''] = /^[-_][^-_]+/.exec(suffix) ?? []
  const isOwn = /^.[a-z]/i.test(first) && valid(release + first) === null
  return (
    (isOwn || firstVariant.test(suffix)) &&
    otherHardware(suffix) === undefined &&
    !partsOf(suffix).some((part) => ownWords.includes(part.toLowerCase()))
  )
}

/** Whether two versions are equal by PEP 440, without local parts (`0.10.2`, `0.10.2+cu128`). */
export function isSameRelease(declared: string, measured: string): boolean {
  const plain = (version: string) => valid(version.replace(/^v/, '').replace(/\+.*$/, ''))
  const [left, right] = [plain(declared), plain(measured)]
  return left !== null && right !== null && eq(left, right)
}

export function majorOf(version: string): string {
  return version.split('.')[0] ?? version
}
