import { eq, valid } from '@renovatebot/pep440'

/** An engine version as it names an image: `v0.5.5.post3`, or `v0.20.0-cu129` with a variant of the image. */
export type EngineVersion = {
  /** The image's tag, always with `v`: `v0.20.0-cu129` */
  tag: string
  /** PEP 440 public version, without `v` and variant: `0.20.0` */
  release: string
}

/**
 * Image variants are split off before PEP 440 sees the version, because `0.12.0-1` would parse as `0.12.0.post1`
 * (PEP 440, "implicit post releases").
 */
const grammar =
  /^v?(\d+(?:\.\d+)+(?:(?:rc|\.?post|\.?dev)\d+)?)((?:-(?:cu\d+|ubuntu\d{4}|x86_64|aarch64|amd64|arm64|runtime|zstd))*)$/

/** @returns the version, or undefined if the text is not one exact engine version */
export function parseEngineVersion(text: string): EngineVersion | undefined {
  const match = grammar.exec(text.trim())
  const release = match?.[1]
  if (release === undefined || valid(release) === null) return undefined
  return { tag: `v${release}${match?.[2] ?? ''}`, release }
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
