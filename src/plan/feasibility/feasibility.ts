import { explain, satisfies } from '@renovatebot/pep440'
import { engines } from '../engine.ts'
import type { PinnedSource } from '../pinned.ts'
import type { Leg } from '../plan.ts'

/** Whether an image can be built. `reason` has no full stop. */
export type Feasibility =
  { state: 'possible' } | { state: 'impossible'; reason: string } | { state: 'unknown'; reason: string }

export const possible: Feasibility = { state: 'possible' }
export const impossible = (reason: string): Feasibility => ({ state: 'impossible', reason })
export const unknown = (reason: string): Feasibility => ({ state: 'unknown', reason })

export type Wanted = Pick<Leg, 'engine' | 'version' | 'nixl' | 'nixlFrom' | 'integration' | 'platform'> & {
  aibrix: Pick<PinnedSource, 'kind' | 'ref'>
}

/** @returns the base: `vllm/vllm-openai:v0.33.0` */
export function nameOf({ engine, version }: Pick<Wanted, 'engine' | 'version'>): string {
  return `${engines[engine].baseRepository}:${version.tag}`
}

/**
 * @returns the release of a PEP 440 version, without its local part (`2.9.0+cu129`). A pre-release
 * counts as its release, because it may have what that ships
 */
export function releaseOf(version: string): string | undefined {
  return explain(version)?.base_version
}

/** Whether a version meets a specifier, as far as its release can be read. */
export function meets(version: string, specifier: string): boolean {
  const release = releaseOf(version)
  return release === undefined || satisfies(release, specifier)
}
