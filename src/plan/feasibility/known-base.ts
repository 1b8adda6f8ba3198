import { satisfies } from '@renovatebot/pep440'
import type { Catalogue } from './catalogue.ts'
import type { Engine } from '../engine.ts'
import { partsOf } from '../versions/suffix.ts'
import { claimsOf } from '../versions/variant.ts'
import { type EngineVersion, suffixOf } from '../versions/version.ts'

/** What is known of an image of an engine before anything is built on it; what is missing is not known. */
export type KnownBase = {
  /** `3.12` */
  python?: string
  /** `2.9.1` */
  torch?: string
  /** That of torch: `12.9` */
  cuda?: string
  /** `1.5.0`: the NIXL that it brings; null: none that works */
  nixl?: string | null
  /** Of a base that was measured: what its NIXL is where it does not work, a sentence without its end */
  brokenNixl?: string
  /** Of a base that was measured: what the UCX of its NIXL answers */
  ucx?: string
  /** The NIXL that its engine asks for at least */
  nixlFloor?: string
  /** Where it comes from: an earlier run that looked into the image, or the catalogue. What was measured is complete. */
  source: 'measured' | 'catalogue'
}

/** Parts of a variant that leave Python, torch and CUDA as they are. */
const onlyFor = /^(?:x86_64|aarch64|amd64|arm64|zstd)$/

/** @returns what the catalogue's rows say of an engine's image, for variants only what their rows or names tell */
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
  // The same Dockerfile with another CUDA has the same Python and engine, and perhaps another torch and NIXL. What else differs can differ in all.
  const onlyCuda = cuda !== undefined && variant.length === 1
  return {
    source: 'catalogue',
    ...(onlyCuda && known.python !== undefined && { python: known.python }),
    ...(onlyCuda && known.nixlFloor !== undefined && { nixlFloor: known.nixlFloor }),
    ...(cuda !== undefined && { cuda }),
  }
}
