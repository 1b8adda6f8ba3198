import { sentenceOf, UserError } from '../errors.ts'
import { baseName, type PlannedLeg } from '../plan/index.ts'
import { formatRepository } from '../registry/index.ts'
import type { PromoteWorld } from './inspect-image.ts'

/**
 * Stores a copy of each base, so that a rebuild does not depend on what upstream removes.
 * @throws UserError that names the base whose copy could not be stored
 */
export async function keepBases(
  legs: readonly PlannedLeg[],
  { store, log }: Pick<PromoteWorld, 'store' | 'log'>,
): Promise<void> {
  const bases = new Map(legs.map((leg) => [`${leg.base.tag} ${leg.base.manifestDigest}`, leg]))
  for (const leg of bases.values()) {
    const name = baseName(leg.base)
    const place = formatRepository(store.repository)
    try {
      if (await store.bases.keep(leg))
        log(`A copy of the base ${name}@${leg.base.manifestDigest} is in ${place}`)
    } catch (error) {
      throw new UserError(
        `keep-base: no copy of the base ${name} could be stored in ${place}, and nothing was published; run it again, or set keep-base: false: ${sentenceOf(error)}`,
        { cause: error },
      )
    }
  }
}
