import { clean, eq, valid } from '@renovatebot/pep440'

/** An engine version as it names an image: `v0.5.5.post3`, or `v0.20.0-cu129` with a variant of the image. */
export type EngineVersion = {
  /** The image's tag, always with `v`: `v0.20.0-cu129` */
  tag: string
  /** PEP 440 public version, without `v` and variant: `0.20.0` */
  release: string
}

/** Up to 15 digits are exact in JavaScript; a number with a leading zero is none in semver. */
const number = String.raw`(?:0|[1-9]\d{0,14})`

/** Parts of a version, as sources of regular expressions in which no character can be read in two ways. */
export const versionParts = {
  number,
  /** `0.5.5` */
  three: String.raw`${number}\.${number}\.${number}`,
  /** What may follow: a fourth and fifth number, `rc1` or `-rc.1`, `.post3`, `.dev5` */
  rest: String.raw`(?:\.${number}){0,2}(?:[-.]?(?:a|b|rc)\.?${number})?(?:\.?post${number})?(?:\.?dev${number})?`,
  /** For CUDA only: what is built for other hardware (`-rocm700-mi30x`, `-xeon`) can't hold AIBrix's extension. */
  variant: String.raw`-(?:cu\d{2,4}|ubuntu\d{4}|x86_64|aarch64|amd64|arm64|g?b200|runtime|zstd)`,
}

/**
 * A version in full, from three numbers on: `0.10` is a range. Spelled out, because PEP 440 would read `0.12.0-1` as
 * `0.12.0.post1` ("implicit post releases"), and so that image variants are split off before it sees the version.
 */
export const versionPattern = versionParts.three + versionParts.rest

const engineTag = new RegExp(`^v?(${versionPattern})((?:${versionParts.variant})*)$`)

/** @returns the version, or undefined if the text is not one exact engine version */
export function parseEngineVersion(text: string): EngineVersion | undefined {
  const match = engineTag.exec(text.trim())
  const release = clean(match?.[1])
  return release === null ? undefined : { tag: `v${release}${match?.[2] ?? ''}`, release }
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
