import { UserError } from '../errors.ts'
import type { Mirror } from '../plan/index.ts'
import { type Digest, formatRepository, type RegistryClient } from '../registry/index.ts'
import type { ListedImage } from './inventory.ts'
import { digestsOf } from './list-tags.ts'
import { createQuestions } from './questions.ts'
import type { Warnings } from './warnings.ts'

type World = {
  registry: Pick<RegistryClient, 'listTags' | 'resolveTag'>
  signal: AbortSignal
  warnings: Warnings
}

/** Finds a digest of a public repository in its mirrors. */
export type FindInMirrors = (digest: Digest) => ListedImage['mirrors']

/**
 * Asks the mirrors of a public repository what its tags name there. One that cannot be read is a
 * warning.
 * @param tags those of the public repository; a mirror may have others, which say nothing about it
 */
export async function readMirrors(
  mirrors: readonly Mirror[],
  tags: readonly string[],
  world: World,
): Promise<FindInMirrors> {
  const read = await Promise.all(
    mirrors.map(async ({ repository }) => {
      const name = formatRepository(repository)
      try {
        const there = new Set(await world.registry.listTags(repository))
        const shared = tags.filter((tag) => there.has(tag))
        const questions = createQuestions(world.signal)
        return {
          name,
          byDigest: await digestsOf(world.registry, repository, shared, questions, world.warnings),
        }
      } catch (error) {
        world.signal.throwIfAborted()
        if (!(error instanceof UserError)) throw error
        world.warnings.add(name, error.message)
        return { name, byDigest: new Map<Digest, string[]>() }
      }
    }),
  )
  return (digest) =>
    read.flatMap(({ name, byDigest }) => {
      const names = byDigest.get(digest)
      return names ? [{ repository: name, tags: [...names] }] : []
    })
}
