import type { Gone } from '../../prune/index.ts'
import type { Digest, RegistryClient, Repository } from '../../registry/index.ts'

/** `changed`: a reason, why the decision may be wrong by now. `vanished`: it has no tag any more */
export type Recheck = { state: 'same' } | { state: 'vanished' } | { state: 'changed'; why: string }

/**
 * Tells whether what was decided about a digest is still true, right before it is deleted: each of its
 * tags names it, and what it relies on is as it was. Another run may have written since it was read.
 */
export async function recheck(
  { digest, tags, relies }: Gone,
  repository: Repository,
  { resolveTag }: Pick<RegistryClient, 'resolveTag'>,
): Promise<Recheck> {
  const names = (wanted: readonly string[]) => Promise.all(wanted.map((tag) => resolveTag(repository, tag)))
  const [own, others] = await Promise.all([names(tags), names(relies.map(({ tag }) => tag))])
  // Another prune was faster.
  if (tags.length > 0 && own.every((one) => one === undefined)) return { state: 'vanished' }
  const moved = [
    ...tags.flatMap((tag, index) => movedTag(tag, digest, own[index])),
    ...relies.flatMap(({ tag, digest: was }, index) => movedTag(tag, was ?? undefined, others[index])),
  ]
  const [first] = moved
  return first === undefined ? { state: 'same' } : { state: 'changed', why: first }
}

function movedTag(tag: string, was: Digest | undefined, now: Digest | undefined): string[] {
  if (now === was) return []
  if (now === undefined) return [`${tag} does not exist any more`]
  return [was === undefined ? `${tag} exists now` : `${tag} names ${now} now`]
}
