import { type Digest, formatReference, type RegistryClient, type Repository } from '../registry/index.ts'
import { inParallel } from './in-parallel.ts'
import type { Questions } from './questions.ts'
import type { Warnings } from './warnings.ts'

/** More than the client's requests in flight, so that these are always used */
const atOnce = 16

/** The tags of one digest */
export type Names = [string, ...string[]]

/** Which digest has which tags. @throws UserError if there are tags and none of them can be read */
export async function digestsOf(
  registry: Pick<RegistryClient, 'resolveTag'>,
  repository: Repository,
  tags: readonly string[],
  questions: Questions,
  warnings: Warnings,
): Promise<Map<Digest, Names>> {
  const answers = await inParallel(tags, atOnce, async (tag) => ({
    tag,
    ...(await questions.ask(() => registry.resolveTag(repository, tag))),
  }))
  const byDigest = new Map<Digest, Names>()
  for (const one of answers) {
    if ('unread' in one) warnings.add(formatReference({ ...repository, tag: one.tag }), one.unread.message)
    // A tag that was deleted since the list was read is not there any more.
    else if (one.answer) {
      const names = byDigest.get(one.answer)
      if (names) names.push(one.tag)
      else byDigest.set(one.answer, [one.tag])
    }
  }
  const [first] = answers
  if (first && 'unread' in first && answers.every((one) => 'unread' in one)) throw first.unread
  return byDigest
}
