import type { Gone } from '../../prune/index.ts'
import { type Deleter, formatReference, type RegistryClient } from '../../registry/index.ts'
import type { PruneFate } from '../../report/index.ts'
import { listed } from '../../text.ts'
import type { Ledger, Place } from './ledger.ts'
import { namedSince } from './new-names.ts'
import { recheck } from './recheck.ts'

/** What deleting needs besides a deleter. */
export type DeletingWorld = {
  registry: Pick<RegistryClient, 'listTags' | 'resolveTag' | 'getManifest' | 'getBlob'>
  signal: AbortSignal
  log: (line: string) => void
}

/**
 * Deletes what goes in a repository, one digest after the other. What other runs have named since it
 * was read stays, and with it what it needs.
 * @throws UserError if the registry fails: what was deleted until then is noted
 */
export async function deleteIn(
  place: Place,
  deleter: Deleter,
  ledger: Ledger,
  world: DeletingWorld,
): Promise<void> {
  if (ledger.next(place) === undefined) return
  await keepNewlyNamed(place, ledger, world)
  for (let one = ledger.next(place); one !== undefined; one = ledger.next(place)) {
    world.signal.throwIfAborted()
    const fate = await deleteOne(one, place, deleter, world)
    ledger.note(place, one, fate)
    world.log(describeFate(one, place, fate))
    if (fate.state === 'stays') ledger.pin(one.digest)
  }
}

async function keepNewlyNamed(place: Place, ledger: Ledger, { registry, log }: DeletingWorld): Promise<void> {
  for (const { digest, tag } of await namedSince(place, registry)) {
    if (!ledger.pin(digest)) continue
    log(`stays  ${formatReference({ ...place.repository, digest })}: ${tag} is new and needs it`)
  }
}

async function deleteOne(
  one: Gone,
  { repository }: Place,
  deleter: Deleter,
  { registry }: DeletingWorld,
): Promise<PruneFate> {
  const now = await recheck(one, repository, registry)
  if (now.state === 'changed') return { state: 'stays', why: now.why }
  if (now.state === 'vanished') return { state: 'vanished' }
  const removal = await deleter.remove(one)
  if (removal.state === 'stays') return { state: 'stays', why: removal.reason }
  return { state: removal.state === 'gone' ? 'vanished' : 'deleted' }
}

/** Most tags of a digest in the log; the JSON file has them all */
const mostTags = 5

function describeFate({ digest, tags }: Gone, { repository }: Place, fate: PruneFate): string {
  const name = formatReference({ ...repository, digest })
  const names = tags.length === 0 ? 'a part of an index' : listed(tags, mostTags)
  if (fate.state === 'stays') return `stays  ${name}  ${names}: ${fate.why}`
  return `${fate.state === 'vanished' ? 'gone already' : 'deleted'}  ${name}  ${names}`
}
