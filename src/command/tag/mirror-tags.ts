import { sentenceOf } from '../../errors.ts'
import { copyWithReferrers } from '../../promote/index.ts'
import { formatRepository, type Repository } from '../../registry/index.ts'
import type { TaggedMirror } from '../../report/index.ts'
import { giveTags, type Tagging, type TagWorld, unnamedTags } from './give-tags.ts'

/** `error` is a sentence: what failed; the mirrors after it got nothing. */
export type Mirrored = { mirrors: TaggedMirror[]; error?: string }

/**
 * Gives an image that has its public tags the same ones in its mirrors: content and what refers to
 * it, then the tags. It ends at the first failure.
 * @param taggings one for each mirror, whose tags were checked before the public ones were created
 */
export async function mirrorTags(taggings: readonly Tagging[], world: TagWorld): Promise<Mirrored> {
  const mirrors: TaggedMirror[] = []
  const { registry, log } = world
  const listTags = (of: Repository) => registry.listTags(of)
  for (const tagging of taggings) {
    const { from, to: repository, top, tags } = tagging
    try {
      if ((await unnamedTags(tagging, registry)).length > 0)
        await copyWithReferrers(registry, { from, to: repository, digest: top.digest, listTags, log })
      const { error, ...given } = await giveTags({ ...tagging, from: repository }, world)
      mirrors.push({ repository, ...given })
      if (error !== undefined) return { mirrors, error: stopped(tagging, error) }
    } catch (error) {
      const left = tags.map((tag) => ({ tag, state: 'left' }) as const)
      return {
        mirrors: [...mirrors, { repository, tags: left }],
        error: stopped(tagging, sentenceOf(error)),
      }
    }
  }
  return { mirrors }
}

function stopped({ to }: Tagging, why: string): string {
  return `The public tags exist, but the mirror ${formatRepository(to)} lacks some: ${why} Run it again to complete it.`
}
