import { isForPlatform, parsePlatform } from '../../registry/index.ts'
import { distributions, partsOf } from './suffix.ts'

/** What a part of a base's tag claims of the image; `part` is how the tag has it. */
export type Claim = { part: string } &
  /** `12.9`, or `12` where the tag says no more */
  (
    | { kind: 'CUDA'; release: string }
    /** As Docker names it: `amd64` */
    | { kind: 'architecture'; architecture: string }
    /** ID of os-release, and the digits of its VERSION_ID, dots left out: `ubuntu`, `2404` */
    | { kind: 'distribution'; id: string; digits: string }
  )

/** Since CUDA 10 majors have two digits. Of four digits the last is that of a patch, but for a minor 10; cuDNN's version may follow. */
const cuda = /^cu(?:da)?[-_]?(\d{2})(?:[-_.]?(10|\d)\d?)?(?:\.\d+)*(?:cudnn[\d.]*)?$/

/** How tags spell architectures, by how Docker does. `gb200` and the like are names of machines, and claim nothing here. */
const architectures: [string, RegExp][] = [
  ['amd64', /^(?:x86[-_]64|amd64|x64)(?:v\d)?$/],
  ['arm64', /^(?:aarch64|arm64)(?:v\d)?$/],
]

const distribution = /^([a-z]+)[-_]?(\d+(?:\.\d+)*)$/

/**
 * @param tag `v0.20.0-cu129-ubuntu2404`
 * @returns what it claims of the image behind it. What claims nothing that can be told (`-runtime`, `-efa`, `-zstd`, `rc1`) is left out
 */
export function claimsOf(tag: string): Claim[] {
  return partsOf(suffix(tag)).flatMap((part) => {
    const claim = claimOf(part)
    // A suffix of somebody's own may have dots where others have dashes: `-acme.cu129`
    return claim ? [claim] : part.split('.').flatMap((piece) => claimOf(piece) ?? [])
  })
}

/** What is behind the first part of a tag, which is the version. */
function suffix(tag: string): string {
  return tag.replace(/^[^-_]*/, '')
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
 * @param name of the base, for the sentence
 * @param platform `linux/amd64`, of which there is an image behind the tag
 * @returns a sentence without its end if the tag names another architecture
 */
export function tagObjection(name: string, tag: string, platform: string): string | undefined {
  const other = claimsOf(tag).find(
    (claim) =>
      claim.kind === 'architecture' && !isForPlatform(`linux/${claim.architecture}`, parsePlatform(platform)),
  )
  return (
    other &&
    `the tag of the base ${name} says ${other.part}, and the image that it has for ${platform} is of another architecture; choose the tag for ${platform}, or another one in platforms`
  )
}
