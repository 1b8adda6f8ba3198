import type { Combination } from './combination.ts'
import { choosers } from './plan.ts'

type Chosen = Pick<Combination, 'engine' | 'version' | 'aibrix' | 'nixl' | 'nixlFrom' | 'named'>

export function isNamed({ named }: Pick<Chosen, 'named'>): boolean {
  return choosers.every((chooser) => named.includes(chooser))
}

/**
 * @param impossible images or legs that cannot be built
 * @param left all others
 * @returns the impossible ones that must not be left out silently: all their versions were named,
 * or nothing is left of a named one
 */
export function impossibleNamed<T extends Chosen>(impossible: readonly T[], left: readonly Chosen[]): T[] {
  const known = new Set(left.flatMap(namesOf))
  return impossible.filter((one) => isNamed(one) || namesOf(one).some((name) => !known.has(name)))
}

/** The named versions of an image. Nobody names the NIXL that a base ships. */
function namesOf({ engine, version, aibrix, nixl, nixlFrom, named }: Chosen): string[] {
  const names = { engine: `${engine} ${version.tag}`, aibrix: `aibrix ${aibrix.ref}`, nixl: `nixl ${nixl}` }
  return named
    .filter((chooser) => chooser !== 'nixl' || nixlFrom === 'index')
    .map((chooser) => names[chooser])
}
