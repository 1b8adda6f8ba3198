import type { Engine } from '../../plan/index.ts'
import type { Digest, Repository } from '../../registry/index.ts'
import type { LegReport } from '../../store/index.ts'
import type { Retried } from '../../system/index.ts'

/** What became of a tag that an image was to get. */
export type TagFate = { tag: string } & (
  | { state: 'created' }
  /** It named `from` before */
  | { state: 'moved'; from: Digest }
  /** It named this image already */
  | { state: 'unchanged' }
  /** It was not reached, and names what it named before, if anything */
  | { state: 'left' }
  /** The registry stopped answering: it names the image, or what it named before */
  | { state: 'unknown'; from: Digest | undefined }
)

/** The image of one platform, and its stored report with the gates as judged now. */
export type TaggedPlatform = { platform: string; buildId: string; digest: Digest; report: LegReport }

/** An image that was found and judged. */
export type TaggedImage = {
  /** `vllm-v0.10.2-aibrix-v0.5.0-nixl-0.7.1` */
  id: string
  engine: Engine
  /** `v0.10.2` */
  version: string
  /** The public repository in which it gets its tags */
  repository: Repository
  digest: Digest
  /** It was found in the cache repository; without it, it was public before */
  isStaged?: true
  platforms: readonly TaggedPlatform[]
  /** Empty if it was refused */
  tags: readonly TagFate[]
  /** The mirrors that were reached, after all public tags */
  mirrors: readonly TaggedMirror[]
}

/** A mirror of the public repository, and what became of the tags there. */
export type TaggedMirror = { repository: Repository; tags: readonly TagFate[] }

/**
 * The result of `command: tag`. `duration` in milliseconds; `error` is a sentence.
 * @param image undefined if it was not found, or if nothing says how it was judged
 */
export type TagRun = {
  duration: number
  image?: TaggedImage
  error?: string
  retried?: readonly Retried[]
}

/** @returns the tags that name the image now, in the public repository or a mirror */
export function tagsNow({ tags }: Pick<TaggedMirror, 'tags'>): string[] {
  return tags.filter(({ state }) => state !== 'left' && state !== 'unknown').map(({ tag }) => tag)
}

/** @returns whether the run created or moved a tag, or may have */
export function hasChanged({ tags, mirrors }: TaggedImage): boolean {
  const all = [...tags, ...mirrors.flatMap((mirror) => mirror.tags)]
  return all.some(({ state }) => state !== 'unchanged' && state !== 'left')
}

/** @returns the id of a platform's image as in a plan */
export function legIdOf({ id }: TaggedImage, { platform }: TaggedPlatform): string {
  return `${id}-${platform.split('/')[1] ?? platform}`
}
