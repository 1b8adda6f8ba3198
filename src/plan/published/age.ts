import type { ImageConfig } from '../../registry/index.ts'
import type { Leg, PlannedLeg } from '../plan.ts'

/** What may be so old and no older: `text` is what the user wrote, `before` milliseconds since 1970. */
export type MaxAge = { text: string; before: number }

const never = 0

/**
 * When an image was made: when the oldest of the layers was that it adds to its base, since a later one is no sign that what an
 * earlier one took from apt or pip is new. BuildKit writes the time at which a layer was made, also where it takes the layer from
 * its cache later (measured: buildx 0.13, and it is what `created` of the whole configuration repeats of the last layer).
 * @returns milliseconds since 1970; 0 if the image does not say
 */
export function madeAt(config: ImageConfig, { base }: Pick<Leg, 'base'>): number {
  const own = config.layersCreated.slice(base.config.diffIds.length)
  const times = (own.length > 0 ? own : [config.created ?? '']).map((time) => Date.parse(time))
  const oldest = Math.min(...times)
  return Number.isNaN(oldest) ? never : oldest
}

/** @returns when an image was made that is too old to count, RFC 3339; undefined if it is not */
export type TooOld<L extends Leg = Leg> = (config: ImageConfig, leg: L) => string | undefined

/** By the age that a user allows. @returns undefined if any is allowed */
export function olderThan(limit: MaxAge | undefined): TooOld | undefined {
  if (!limit) return undefined
  return (config, leg) => {
    const made = madeAt(config, leg)
    return made < limit.before ? new Date(made).toISOString() : undefined
  }
}

/** By what the plan has found to be too old. @returns undefined if it found nothing */
export function notYoungerThan<L extends Leg & Partial<Pick<PlannedLeg, 'newerThan'>>>(
  legs: readonly L[],
): TooOld<L> | undefined {
  if (legs.every(({ newerThan }) => typeof newerThan !== 'string')) return undefined
  return (config, leg) => {
    const made = madeAt(config, leg)
    return typeof leg.newerThan === 'string' && made < Date.parse(leg.newerThan)
      ? new Date(made).toISOString()
      : undefined
  }
}
