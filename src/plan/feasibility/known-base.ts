import { satisfies } from '@renovatebot/pep440'
import type { Bases } from '../base.ts'
import type { Catalogue } from './catalogue.ts'
import type { Engine } from '../engine.ts'
import type { BaseImage } from '../pinned.ts'
import { remembered } from '../remember.ts'
import { partsOf } from '../versions/suffix.ts'
import { claimsOf } from '../versions/variant.ts'
import { type EngineVersion, suffixOf } from '../versions/version.ts'

/** What is known of a base before anything is built on it. What is absent is not known. */
export type KnownBase = {
  python?: string
  torch?: string
  /** That of torch: `12.9` */
  cuda?: string
  /** The NIXL that it ships: `1.5.0`; null: none that works */
  nixl?: string | null
  /** If its NIXL was measured and does not work: what it is, without a full stop */
  brokenNixl?: string
  /** If it was measured: what the UCX of its NIXL reports */
  ucx?: string
  /** The oldest NIXL that its engine accepts */
  nixlFloor?: string
  /** `measured`: an earlier run examined the image. Then all of this is known */
  source: 'measured' | 'catalogue'
}

/**
 * Finds out what is known of a base.
 * @param questions how many bases may be asked about, see `TagIndex`
 */
export type KnowBase = (
  of: { engine: Engine; version: EngineVersion; base: BaseImage },
  questions: number,
) => Promise<KnownBase>

/** @returns facts, or else what the catalogue has; asks once about each base */
export function createKnowBase(
  catalogue: Catalogue,
  facts: (base: BaseImage, engine: Engine, questions: number) => Promise<KnownBase | undefined>,
): KnowBase {
  const answers = new Map<string, Promise<KnownBase>>()
  return ({ engine, version, base }, questions) =>
    remembered(answers, `${engine} ${version.tag} ${base.manifestDigest}`, async (): Promise<KnownBase> => {
      const measured = await facts(base, engine, questions)
      // The catalogue knows upstream's images alone.
      if (measured || base.given === undefined) return measured ?? knownBase(catalogue, engine, version)
      return { source: 'catalogue' }
    })
}

/** What is known of each base of an image, by platform. */
export type KnownBases = ReadonlyMap<string, KnownBase>

export async function knownBases(
  known: KnowBase,
  { engine, version, bases }: { engine: Engine; version: EngineVersion; bases: Bases },
  questions: number,
): Promise<KnownBases> {
  const asked = [...bases].map(
    async ([platform, base]) => [platform, await known({ engine, version, base }, questions)] as const,
  )
  return new Map(await Promise.all(asked))
}

/** Parts of a variant that leave Python, torch and CUDA as they are. */
const onlyFor = /^(?:x86_64|aarch64|amd64|arm64|zstd)$/

/** @returns what the catalogue has on a base; for variants only what their rows or names state */
export function knownBase(catalogue: Catalogue, engine: Engine, version: EngineVersion): KnownBase {
  const rows = catalogue.bases[engine].filter((row) =>
    satisfies(version.release, row.versions, { prereleases: true }),
  )
  const known: KnownBase = { source: 'catalogue' }
  for (const { versions: _versions, source: _source, nixl, ...row } of rows)
    Object.assign(known, row, nixl !== undefined && { nixl: nixl === 'none' ? null : nixl })
  const variant = partsOf(suffixOf(version)).filter((part) => !onlyFor.test(part))
  if (variant.length === 0) return known
  const cuda = claimsOf(version.tag).find((claim) => claim.kind === 'CUDA')?.release
  // The same Dockerfile with another CUDA has the same Python and engine, but perhaps another torch
  // and NIXL. Any other variant may differ in everything.
  const onlyCuda = cuda !== undefined && variant.length === 1
  return {
    source: 'catalogue',
    ...(onlyCuda && known.python !== undefined && { python: known.python }),
    ...(onlyCuda && known.nixlFloor !== undefined && { nixlFloor: known.nixlFloor }),
    ...(cuda !== undefined && { cuda }),
  }
}
