import type { PinnedSource } from '../pinned.ts'
import { type Catalogue, currentRelease } from '../feasibility/catalogue.ts'
import type { Engine } from '../engine.ts'
import type { KnownBase } from '../feasibility/known-base.ts'
import type { NixlOrigin } from '../plan.ts'
import type { EngineVersion } from '../versions/version.ts'

/** What `base` means where nobody knows yet which NIXL the base brings; no version is called so. */
export const unknownNixl = 'base'

export type NixlChoice =
  | { kind: 'version'; version: string; from: NixlOrigin }
  /** The base has to be measured before anybody can say */
  | { kind: 'unknown' }
  /** A sentence without its end */
  | { kind: 'refused'; reason: string }

/** For which pair it is chosen. */
export type NixlPair = {
  engine: Engine
  version: EngineVersion
  aibrix: Pick<PinnedSource, 'kind' | 'ref'>
  /** The base, for sentences: `vllm/vllm-openai:v0.33.0` */
  name: string
}

/**
 * Decides what `default` and `base` stand for. What was tested with a release of AIBrix stays what it was, whatever the base brings; else
 * the engine was released with the NIXL of its base.
 * @param bases platform → what is known of its base
 */
export function chooseNixl(
  wish: 'default' | 'base',
  pair: NixlPair,
  bases: ReadonlyMap<string, KnownBase>,
  catalogue: Catalogue,
): NixlChoice {
  const tested = wish === 'default' ? testedNixl(pair, catalogue) : undefined
  if (tested !== undefined) return { kind: 'version', version: tested, from: 'tested' }
  const found = [...bases].map(([platform, known]) => ({ platform, known, nixl: broughtBy(known, wish) }))
  const different = new Set(found.map(({ nixl }) => nixl))
  const isMeasured = found.every(({ known }) => known.source === 'measured')
  const [nixl] = different
  if (nixl === undefined || different.has(undefined)) return { kind: 'unknown' }
  if (different.size > 1) {
    // What the catalogue says of one of them may be wrong.
    if (!isMeasured) return { kind: 'unknown' }
    const each = found.map(
      (one) => `${one.nixl === null ? 'none' : `NIXL ${one.nixl ?? ''}`} for ${one.platform}`,
    )
    return {
      kind: 'refused',
      reason: `the base ${pair.name} brings ${each.join(' and ')}, and an image has one NIXL on all of its platforms; set nixl-version to a version, or build the platforms in runs of their own`,
    }
  }
  if (nixl !== null) return { kind: 'version', version: nixl, from: 'base' }
  if (wish === 'default') return { kind: 'version', version: currentRelease(catalogue).nixl, from: 'default' }
  const broken = found.find(({ known }) => known.brokenNixl !== undefined)?.known.brokenNixl
  return {
    kind: 'refused',
    reason: `the base ${pair.name} brings no NIXL that could stay${broken === undefined ? '' : ` (${broken})`}; set nixl-version: default, or to a version`,
  }
}

/** @returns undefined where it is not known; null where the base brings none */
function broughtBy(known: KnownBase, wish: 'default' | 'base'): string | null | undefined {
  if (known.source === 'measured') return known.nixl ?? null
  // Who asks for the base's NIXL wants to be told by the base that there is none.
  return known.nixl === null && wish === 'base' ? undefined : known.nixl
}

/** @returns the NIXL of the images that AIBrix released with exactly this pair */
export function testedNixl(
  { engine, version, aibrix }: Omit<NixlPair, 'name'>,
  catalogue: Catalogue,
): string | undefined {
  if (aibrix.kind !== 'tag' || !Object.hasOwn(catalogue.releases, aibrix.ref)) return undefined
  const tested = catalogue.releases[aibrix.ref]?.tested
  return tested?.engines[engine] === version.tag ? tested.nixl : undefined
}

/** A NIXL as a plan has it. */
export type PlannedNixl = { nixl: string; nixlFrom: NixlOrigin; ucxVersion: string | null }

/** Whether the plan knows which NIXL an image will have. */
export function isNixlKnown({ nixl }: Pick<PlannedNixl, 'nixl'>): boolean {
  return nixl !== unknownNixl
}

/** Whether what is planned depends on which NIXL the base brings. */
export function isOfBase({ nixlFrom }: Pick<PlannedNixl, 'nixlFrom'>): boolean {
  return nixlFrom === 'base' || nixlFrom === 'default'
}

/**
 * @param measured what was measured in the base of a planned leg
 * @returns whether the leg has another NIXL than it would be planned with by that
 */
export function isOutdated({ nixl, nixlFrom, ucxVersion }: PlannedNixl, measured: KnownBase): boolean {
  if (nixlFrom === 'index' || nixlFrom === 'tested') return false
  const brought = measured.nixl ?? null
  if (nixlFrom === 'default') return brought !== null
  return brought !== nixl || (measured.ucx !== undefined && measured.ucx !== ucxVersion)
}
