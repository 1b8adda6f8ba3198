import { type Catalogue, currentRelease, releaseIn } from '../feasibility/catalogue.ts'
import type { KnownBase, KnownBases } from '../feasibility/known-base.ts'
import type { PinnedSource } from '../pinned.ts'
import type { Leg, NixlOrigin } from '../plan.ts'

/** The NIXL of a leg whose base ships an unmeasured one. No version has this name. */
export const unknownNixl = 'base'

export type NixlChoice =
  | { kind: 'version'; version: string; from: NixlOrigin }
  /** The base must be measured first */
  | { kind: 'unknown' }
  /** `reason` has no full stop */
  | { kind: 'refused'; reason: string }

export type NixlPair = Pick<Leg, 'engine' | 'version'> & {
  aibrix: Pick<PinnedSource, 'kind' | 'ref'>
  /** The base, for messages: `vllm/vllm-openai:v0.33.0` */
  name: string
  /** Its name if it is not the engine's own, with which AIBrix was released */
  given?: string
}

/**
 * Decides what `default` and `base` mean. The NIXL that was tested with an AIBrix release stays,
 * whatever the base ships; if none was, the engine was released with the NIXL of its base.
 */
export function chooseNixl(
  word: 'default' | 'base',
  pair: NixlPair,
  bases: KnownBases,
  catalogue: Catalogue,
): NixlChoice {
  const tested = word === 'default' ? testedNixl(pair, catalogue) : undefined
  if (tested !== undefined) return { kind: 'version', version: tested, from: 'tested' }
  const shipped = [...bases].map(([platform, base]) => ({ platform, nixl: shippedNixl(base, word) }))
  const [nixl, ...others] = new Set(shipped.map((one) => one.nixl))
  if (nixl === undefined || others.includes(undefined)) return { kind: 'unknown' }
  if (others.length > 0) {
    // The catalogue may be wrong about one of them.
    if (![...bases.values()].every(({ source }) => source === 'measured')) return { kind: 'unknown' }
    const each = shipped.map((one) => `${one.nixl == null ? 'none' : `NIXL ${one.nixl}`} for ${one.platform}`)
    const reason = `the base ${pair.name} ships ${each.join(' and ')}, but an image has one NIXL on all platforms; set nixl-version to a version, or build each platform in its own run`
    return { kind: 'refused', reason }
  }
  if (nixl !== null) return { kind: 'version', version: nixl, from: 'base' }
  if (word === 'default') return { kind: 'version', version: currentRelease(catalogue).nixl, from: 'default' }
  const broken = [...bases.values()].find(({ brokenNixl }) => brokenNixl !== undefined)?.brokenNixl
  const detail = broken === undefined ? '' : ` (${broken})`
  const reason = `the base ${pair.name} ships no usable NIXL${detail}; set nixl-version: default, or to a version`
  return { kind: 'refused', reason }
}

/** @returns undefined: not known; null: the base ships none */
function shippedNixl({ source, nixl }: KnownBase, word: 'default' | 'base'): string | null | undefined {
  if (source === 'measured') return nixl ?? null
  // For `base`, only the base itself can tell that it ships none.
  return nixl === null && word === 'base' ? undefined : nixl
}

/** @returns the NIXL of the images that AIBrix released with exactly this pair */
export function testedNixl(
  { engine, version, aibrix, given }: Omit<NixlPair, 'name'>,
  catalogue: Catalogue,
): string | undefined {
  if (given !== undefined) return undefined
  const tested = releaseIn(catalogue, aibrix)?.tested
  return tested?.engines[engine] === version.tag ? tested.nixl : undefined
}

/** Whether the plan knows which NIXL an image will have. */
export function isNixlKnown({ nixl }: Pick<Leg, 'nixl'>): boolean {
  return nixl !== unknownNixl
}

/** Whether the planned NIXL depends on what the base ships. */
export function isOfBase({ nixlFrom }: Pick<Leg, 'nixlFrom'>): boolean {
  return nixlFrom === 'base' || nixlFrom === 'default'
}

/**
 * @param measured what was measured in the base of a planned leg
 * @returns whether the leg would be planned with another NIXL by that
 */
export function isOutdated(
  { nixl, nixlFrom, ucxVersion }: Pick<Leg, 'nixl' | 'nixlFrom' | 'ucxVersion'>,
  measured: KnownBase,
): boolean {
  const shipped = measured.nixl ?? null
  if (nixlFrom === 'default') return shipped !== null
  if (nixlFrom !== 'base') return false
  return shipped !== nixl || (measured.ucx !== undefined && measured.ucx !== ucxVersion)
}
