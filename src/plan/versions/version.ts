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

/** Up to 15 digits are exact in JavaScript; a number with a leading zero is none in semver. */
const number = String.raw`(?:0|[1-9]\d{0,14})`

/** Parts of a version, as sources of regular expressions in which no character can be read in two ways. */
export const versionParts = {
  number,
  /** `0.5.5` */
  three: String.raw`${number}\.${number}\.${number}`,
  /** What may follow: a fourth and fifth number, `b1`, `rc1` or `-rc.1`, `.post3`, `.dev5` */
  rest: String.raw`(?:\.${number}){0,2}(?:(?:\.?(?:a|b)|[-.]?rc)\.?${number})?(?:\.?post${number})?(?:\.?dev${number})?`,
  /** One that is published for version after version, so that `latest` and a range may look for it */
  variant: String.raw`-(?:cu\d{2,4}|ubuntu\d{4}|x86_64|aarch64|amd64|arm64|g?b200|runtime|zstd|efa)`,
}

/**
 * A version in full, from three numbers on: `0.10` is a range. Spelled out, because PEP 440 would read `0.12.0-1` as
 * `0.12.0.post1` ("implicit post releases"), and so that image variants are split off before it sees the version.
 */
export const versionPattern = versionParts.three + versionParts.rest

const engineTag = new RegExp(`^v?(${versionPattern})((?:[-_][\\w.-]+)?)$`)
const variants = new RegExp(`^(?:${versionParts.variant})*$`)
const firstVariant = new RegExp(`^${versionParts.variant}(?![^-_])`)

/** In characters: the longest tag that a registry takes */
const longestTag = 128

/** Words that the tags of images made by the action have behind the engine's version: behind a suffix with one, nobody could tell where it ends. */
const ownWords = ['aibrix', 'nixl']

/** @returns the version, or undefined if the text is not one exact engine version */
export function parseEngineVersion(text: string): EngineVersion | undefined {
  const [, version, suffix = ''] = engineTag.exec(text.trim()) ?? []
  const release = clean(version)
  if (release === null || !isSuffix(release, suffix)) return undefined
  const tag = `v${release}${suffix}`
  return tag.length <= longestTag ? { tag, release } : undefined
}

/** @returns what is behind the version in its tag: `-cu129`, `-acme`, or nothing */
export function suffixOf({ tag, release }: EngineVersion): string {
  return tag.slice(1 + release.length)
}

/** Whether a suffix is made of variants that are known, or is none. */
export function isVariant(suffix: string): boolean {
  return variants.test(suffix)
}

/**
 * Whether a suffix may be one of an image for CUDA that somebody else made. What PEP 440 would read as part of the version is none
 * (`-1` and `-20251123` are post releases there, `-alpha` is a pre-release).
 */
function isSuffix(release: string, suffix: string): boolean {
  if (isVariant(suffix)) return true
  const first = /^[-_][^-_]+/.exec(suffix)?.[0]
  if (
    first === undefined ||
    !(firstVariant.test(suffix) || (/^.[a-z]/i.test(first) && valid(release + first) === null))
  )
    return false
  return (
    otherHardware(suffix) === undefined &&
    !partsOf(suffix).some((part) => ownWords.includes(part.toLowerCase()))
  )
}

/** @returns whether `measured` (`0.10.2+cu128`) is the release `declared` (`0.10.2`), local parts aside, by PEP 440 */
export function isSameRelease(declared: string, measured: string): boolean {
  const [left, right] = [declared, measured].map((version) => version.replace(/^v/, '').replace(/\+.*$/, ''))
  return (
    left !== undefined &&
    right !== undefined &&
    valid(left) !== null &&
    valid(right) !== null &&
    eq(left, right)
  )
}

/** @returns `13` of CUDA `13.0` */
export function majorOf(version: string): string {
  return version.split('.')[0] ?? version
}
