import { isForPlatform, parsePlatform } from '../../registry/index.ts'
import { distributions, partsOf } from './suffix.ts'

/** What a part of a base's tag claims about the image; `part` is as in the tag. */
export type Claim = { part: string } &
  /** `12.9`, or `12` if the tag has no minor version */
  (
    | { kind: 'CUDA'; release: string }
    /** As Docker names it: `amd64` */
    | { kind: 'architecture'; architecture: string }
    /** ID of os-release, and the digits of its VERSION_ID: `ubuntu`, `2404` */
    | { kind: 'distribution'; id: string; digits: string }
  )

/** Majors have two digits since CUDA 10. The last of four is a patch, unless the minor is 10. */
const cuda = /^cu(?:da)?[-_]?(\d{2})(?:[-_.]?(10|\d)\d?)?(?:\.\d+)*(?:cudnn[\d.]*)?$/

/** Docker's architectures as tags spell them. Names of machines (`gb200`) claim nothing here. */
const architectures: [string, RegExp][] = [
  ['amd64', /^(?:x86[-_]64|amd64|x64)(?:v\d)?$/],
  ['arm64', /^(?:aarch64|arm64)(?:v\d)?$/],
]

const distribution = /^([a-z]+)[-_]?(\d+(?:\.\d+)*)$/

/**
 * @param tag `v0.20.0-cu129-ubuntu2404`
 * @returns what it claims about its image; `-runtime`, `-efa`, `-zstd` and `rc1` claim nothing to
 * check
 */
export function claimsOf(tag: string): Claim[] {
  // The first part is the version.
  return partsOf(tag.replace(/^[^-_]*/, '')).flatMap((part) => {
    const claim = claimOf(part)
    // Somebody's own suffix may have dots for dashes: `-acme.cu129`
    return claim ? [claim] : part.split('.').flatMap((piece) => claimOf(piece) ?? [])
  })
}

function claimOf(part: string): Claim | undefined {
  const text = part.toLowerCase()
  const [, major, minor] = cuda.exec(text) ?? []
  if (major !== undefined) return { part, kind: 'CUDA', release: minor ? `${major}.${minor}` : major }
  const [architecture] = architectures.find(([, spelt]) => spelt.test(text)) ?? []
  if (architecture !== undefined) return { part, kind: 'architecture', architecture }
  const [, name = '', version = ''] = distribution.exec(text) ?? []
  const id = distributions.get(name)
  return id === undefined
    ? undefined
    : { part, kind: 'distribution', id, digits: version.replaceAll('.', '') }
}

/**
 * @param name of the base, for the message
 * @param platform `linux/amd64`, which the tag has an image for
 * @returns a reason, without a full stop, if the tag names another architecture
 */
export function tagObjection(name: string, tag: string, platform: string): string | undefined {
  const other = claimsOf(tag).find(
    (claim) =>
      claim.kind === 'architecture' && !isForPlatform(`linux/${claim.architecture}`, parsePlatform(platform)),
  )
  return (
    other &&
    `the tag of the base ${name} names ${other.part}, but its image for ${platform} has another architecture; choose the tag for ${platform}, or other platforms`
  )
}
