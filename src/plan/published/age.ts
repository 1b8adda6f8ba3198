import type { ImageConfig } from '../../registry/index.ts'
import type { Leg, PlannedLeg } from '../plan.ts'

/** The age limit of images: `text` as the user wrote it, `before` in milliseconds since 1970. */
export type MaxAge = { text: string; before: number }

const never = 0

/**
 * An image is as old as the oldest of the layers that it adds to its base: a later one does not
 * show that what an earlier one got from apt or pip is new. BuildKit records when a layer was
 * built, also if it reuses it from its cache later (measured: buildx 0.13; `created` of the whole
 * configuration repeats that of the last layer).
 * @returns milliseconds since 1970; 0 if the image does not record it
 */
export function madeAt(config: ImageConfig, { base }: Pick<Leg, 'base'>): number {
  const own = config.layersCreated.slice(base.config.diffIds.length)
  const times = (own.length > 0 ? own : [config.created ?? '']).map((time) => Date.parse(time))
  const oldest = Math.min(...times)
  return Number.isNaN(oldest) ? never : oldest
}

/** @returns when an image that is too old was built, RFC 3339; undefined if it is not */
export type TooOld<L extends Leg = Leg> = (config: ImageConfig, leg: L) => string | undefined

/** @param limit gives milliseconds since 1970; undefined: none for this leg */
function madeBefore<L extends Leg>(limit: (leg: L) => number | undefined): TooOld<L> {
  return (config, leg) => {
    const made = madeAt(config, leg)
    return made < (limit(leg) ?? never) ? new Date(made).toISOString() : undefined
  }
}

/** By the age that a user allows. @returns undefined if any is allowed */
export function olderThan(limit: MaxAge | undefined): TooOld | undefined {
  return limit && madeBefore(() => limit.before)
}

/** By what the plan found too old. @returns undefined if it found nothing */
export function notYoungerThan<L extends Leg & Partial<Pick<PlannedLeg, 'newerThan'>>>(
  legs: readonly L[],
): TooOld<L> | undefined {
  return legs.some(({ newerThan }) => newerThan != null)
    ? madeBefore(({ newerThan }) => (newerThan == null ? undefined : Date.parse(newerThan)))
    : undefined
}
