import { sentenceOf, UserError } from '../errors.ts'
import { copyManifest, formatReference, type RegistryClient, type Repository } from '../registry/index.ts'

/** An image that every gate let through: where its bytes are, and the public tags that shall name them. */
export type Promotable = {
  from: Repository
  digest: string
  to: Repository
  tags: string[]
  /** Throws if the tag must not be given, which is found out right before each try to give it */
  check: (tag: string) => Promise<void>
}

/**
 * Gives images their public tags, one after another, each confirmed by reading it back. Registries have no transaction
 * over tags, so whoever calls this has judged every image first.
 * @throws UserError that names the tags that exist already when one could not be made; a second run completes them
 */
export async function promote(
  client: RegistryClient,
  images: Promotable[],
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const done: string[] = []
  for (const { from, digest, to, tags, check } of images)
    for (const tag of tags) {
      const name = formatReference({ ...to, tag })
      try {
        signal.throwIfAborted()
        await copyManifest(client, { from, to, digest, tag, check: () => check(tag) })
      } catch (error) {
        throw new UserError(brokenOff(name, sentenceOf(error), done), { cause: error })
      }
      done.push(name)
      log(`${name} → ${digest}`)
    }
}

/** Whether the tag at which it stopped was made may be unknown: the registry may have done it, and its answer been lost. */
function brokenOff(name: string, why: string, done: string[]): string {
  const exist =
    done.length === 0 ? 'No public tag was made before it' : `These tags were made: ${done.join(', ')}`
  return `Promotion stopped at ${name}: ${why} ${exist}; run it again to complete it.`
}
