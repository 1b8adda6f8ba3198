import { sentenceOf, UserError } from '../errors.ts'
import { copyManifest, formatReference, type RegistryClient, type Repository } from '../registry/index.ts'

/** An image that passed every gate: where its bytes are, and its future public tags. */
export type Promotable = {
  from: Repository
  digest: string
  to: Repository
  tags: string[]
  /** Called right before each attempt to give the tag. @throws if the tag must not be given */
  check: (tag: string) => Promise<void>
  /** Called once it has all of its tags */
  done?: () => void
}

/**
 * Gives images their public tags, one after another, and reads each back. Registries have no
 * transaction over tags, so the caller judges every image first.
 * @throws UserError that names the tags created before one failed; a second run completes them
 */
export async function promote(
  client: RegistryClient,
  images: Promotable[],
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const done: string[] = []
  for (const { from, digest, to, tags, check, done: noteDone } of images) {
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
    noteDone?.()
  }
}

/** The failed tag may exist: the registry may have created it before its response was lost. */
function brokenOff(name: string, why: string, done: string[]): string {
  const exist =
    done.length === 0 ? 'No public tag was created before it' : `These tags were created: ${done.join(', ')}`
  return `Promotion stopped at ${name}: ${why} ${exist}; run it again to complete it.`
}
