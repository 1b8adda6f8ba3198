import { choosers } from './plan.ts'
import type { Combination } from './combination.ts'

type Chosen = Pick<Combination, 'engine' | 'version' | 'aibrix' | 'nixl' | 'nixlFrom' | 'named'>

/** Whether an image is one that was asked for by exactly these versions. */
export function isNamed({ named }: Pick<Chosen, 'named'>): boolean {
  return choosers.every((chooser) => named.includes(chooser))
}

/**
 * What must not be left out silently: an image that was named, and those of a named version of which nothing is left.
 * @param impossible images or legs that can't be built
 * @param left all others
 */
export function namedInVain<T extends Chosen>(impossible: readonly T[], left: readonly Chosen[]): T[] {
  const known = new Set(left.flatMap(namesOf))
  return impossible.filter((one) => isNamed(one) || namesOf(one).some((name) => !known.has(name)))
}

/** The named versions of an image. Which NIXL a base brings nobody has named. */
function namesOf({ engine, version, aibrix, nixl, nixlFrom, named }: Chosen): string[] {
  const names = { engine: `${engine} ${version.tag}`, aibrix: `aibrix ${aibrix.ref}`, nixl: `nixl ${nixl}` }
  return named
    .filter((chooser) => chooser !== 'nixl' || nixlFrom === 'index')
    .map((chooser) => names[chooser])
}
