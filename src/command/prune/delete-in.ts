import type { Gone } from '../../prune/index.ts'
import {
  type Deleter,
  type Digest,
  formatReference,
  type RegistryClient,
  RegistryRefusal,
  type Repository,
} from '../../registry/index.ts'
import type { PruneFate } from '../../report/index.ts'
import { listed } from '../../text.ts'
import { nameOfCopy } from './copies.ts'
import { type NamingRegistry, watchNames } from './new-names.ts'
import { type Held, heldBecause, hold, type Place } from './place.ts'
import { recheck, type Recheck } from './recheck.ts'

/** What deleting needs besides a deleter. */
export type DeletingWorld = {
  registry: NamingRegistry & Pick<RegistryClient, 'putManifest'>
  signal: AbortSignal
  log: (line: string) => void
}

/**
 * @returns after how many digests the tags are listed again: thousands take an hour in some registries,
 *   and so does it to list thousands of tags each time. A public image is asked for by itself: a registry
 *   deletes a digest with all of its tags
 */
function listedAgain({ kind }: Gone, tags: number): number {
  return kind === 'image' ? Math.ceil(tags / 1000) : Math.max(25, Math.ceil(tags / 10))
}

/**
 * Deletes what goes in a repository, one digest after the other. What other runs have named since it
 * was read stays, and with it what it needs.
 * @param held what stays after all in any repository; grows
 * @throws UserError if the registry fails: what became of the others until then is noted
 */
export async function deleteIn(
  { content, plan, fates }: Place,
  deleter: Deleter,
  held: Held,
  world: DeletingWorld,
): Promise<void> {
  const { repository } = content
  const newNames = watchNames(content, world.registry)
  for (const [index, one] of plan.gone.entries()) {
    world.signal.throwIfAborted()
    const now = await recheck(one, repository, world.registry)
    if (index % listedAgain(one, content.tags.size) === 0)
      for (const { digest, why } of await newNames()) hold(digest, why, content, held)
    const why = now.state === 'changed' ? now.why : heldBecause(one, content, held)
    const fate: PruneFate =
      why !== undefined
        ? { state: 'stays', why }
        : await noting(fates, one, () => fateOf(one, now, deleter, repository, world.registry))
    if (fate.state === 'stays') hold(one.digest, fate.why, content, held)
    fates.set(one.digest, fate)
    world.log(describeFate(one, repository, fate))
  }
}

/** @throws what `remove` throws, after noting that it is not known what became of the digest */
async function noting<T>(fates: Place['fates'], { digest }: Gone, remove: () => Promise<T>): Promise<T> {
  try {
    return await remove()
  } catch (error) {
    // A refusal is an answer.
    if (!(error instanceof RegistryRefusal)) fates.set(digest, { state: 'undetermined' })
    throw error
  }
}

function fateOf(
  one: Gone,
  { state }: Recheck,
  deleter: Deleter,
  repository: Repository,
  registry: DeletingWorld['registry'],
): Promise<PruneFate> {
  if (state === 'vanished') return Promise.resolve({ state })
  return one.kind === 'base' ? deleteCopy(one, repository, deleter, registry) : deleteOne(one, deleter)
}

async function deleteOne(one: Gone, deleter: Deleter): Promise<PruneFate> {
  const removal = await deleter.remove(one)
  if (removal.state === 'stays') return { state: 'stays', why: removal.reason }
  return { state: removal.state === 'gone' ? 'vanished' : 'deleted' }
}

/**
 * Deletes the copy of a base, unless another run has named it. One that it names in this very moment
 * is put back, since nothing else would: for runs, a copy that has a name exists.
 */
async function deleteCopy(
  one: Gone,
  repository: Repository,
  deleter: Deleter,
  registry: DeletingWorld['registry'],
): Promise<PruneFate> {
  const known = new Map<Digest, readonly Digest[]>()
  const nameNow = () => nameOfCopy(one.digest, repository, registry, known)
  const before = await nameNow()
  if (before !== undefined) return { state: 'stays', why: `${before} names it now` }
  const copy = await registry.getManifest(repository, one.digest)
  const fate = await deleteOne(one, deleter)
  const after = fate.state === 'deleted' ? await nameNow() : undefined
  if (!copy || after === undefined) return fate
  for (const tag of one.tags) await registry.putManifest(repository, tag, copy.bytes, copy.mediaType)
  return { state: 'stays', why: `${after} names it now, so it was put back` }
}

/** Most tags of a digest in the log; the JSON file has them all */
const mostTags = 5

/** @returns the tags of a digest for the log */
export function namesOf({ tags }: Pick<Gone, 'tags'>): string {
  return tags.length === 0 ? 'a part of an index' : listed(tags, mostTags)
}

function describeFate(one: Gone, repository: Repository, fate: PruneFate): string {
  const name = formatReference({ ...repository, digest: one.digest })
  const names = namesOf(one)
  if (fate.state === 'stays') return `stays  ${name}  ${names}: ${fate.why}`
  return `${fate.state === 'vanished' ? 'gone already' : 'deleted'}  ${name}  ${names}`
}
