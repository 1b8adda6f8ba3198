import { inParallel } from '../inventory/index.ts'
import type { Digest } from '../registry/index.ts'
import { documents } from '../store/index.ts'
import type { Content } from './content.ts'
import type { PrunePlan } from './model.ts'
import type { PruneWorld } from './world.ts'

const atOnce = 8

/**
 * Asks a registry what refers to what would go. This action's own reports do not count.
 * @param plan without regard to referrers: with them, more stays and nothing else goes
 * @returns the content, with what something refers to
 * @throws UserError if the registry does not answer
 */
export async function withReferrers(
  content: Content,
  { gone }: PrunePlan,
  { registry, signal }: PruneWorld,
): Promise<Content> {
  const referred = new Set<Digest>()
  const ask = async (digest: Digest): Promise<boolean> => {
    signal.throwIfAborted()
    const referrers = await registry.listReferrers(content.repository, digest)
    if (referrers?.some(({ artifactType }) => artifactType !== documents.report.type)) referred.add(digest)
    return referrers !== undefined
  }
  const [first, ...others] = gone.map(({ digest }) => digest)
  // A registry without this list has it for none; it has tags then, which were read.
  const hasList = first !== undefined && (await ask(first))
  if (hasList) await inParallel(others, atOnce, ask)
  return { ...content, referred }
}
