import { UserError } from '../errors.ts'
import type { Digest, Repository } from '../registry/index.ts'
import { isUnreadable, type Store } from '../store/index.ts'
import { parseKept, serialiseKept } from './kept.ts'
import type { ReadImage } from './read-image.ts'
import type { Warnings } from './warnings.ts'

/** Where the answers of digests are kept between lists. */
export type Keeping = {
  inventories: Store['inventories']
  signal: AbortSignal
  warnings: Warnings
}

/** @returns digest → what it answered an earlier list; empty, with a warning, if that is unreadable */
export async function readKept(
  repository: Repository,
  { inventories, signal, warnings }: Keeping,
): Promise<Map<Digest, ReadImage>> {
  const name = inventories.nameOf(repository)
  try {
    const text = await inventories.read(repository)
    if (text === undefined) return new Map()
    const kept = parseKept(text)
    if (kept) return kept
    warnings.add(name, 'It is damaged, or of another version of the action, and is not used.')
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof UserError)) throw error
    warnings.add(name, error.message)
  }
  return new Map()
}

/** Keeps answers for the next list. What is not kept is only read again, so a failure is a warning. */
export async function writeKept(
  repository: Repository,
  images: Iterable<ReadImage>,
  { inventories, signal, warnings }: Keeping,
): Promise<void> {
  const advice = 'the next list reads the same again; set push: false if it is not to be stored'
  try {
    await inventories.write(repository, serialiseKept(images))
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof UserError)) throw error
    const why = isUnreadable(error) ? `It could not be stored, so ${advice}: ` : 'It could not be stored: '
    warnings.add(inventories.nameOf(repository), why + error.message)
  }
}
