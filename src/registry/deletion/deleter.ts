import type { Digest } from '../content/digest.ts'

/** A digest that goes, with all of its tags. */
export type Condemned = { digest: Digest; tags: readonly string[] }

/**
 * `gone`: it did not exist any more. `stays`: the registry never deletes this one, or it has got
 * another tag meanwhile, as a reason; the others can still go.
 */
export type Removal = { state: 'removed' } | { state: 'gone' } | { state: 'stays'; reason: string }

/** Deletes manifests in one repository, one after another. */
export type Deleter = {
  /**
   * Finds out whether anything can be deleted, without deleting; to be called before the first.
   * @throws UserError if the registry does not delete, or the credentials have no right to it
   */
  check: () => Promise<void>
  /**
   * Deletes a digest with all its tags. Manifests that an index names are digests of their own and
   * stay.
   * @throws UserError if the registry refuses, or does not answer
   */
  remove: (one: Condemned) => Promise<Removal>
}
