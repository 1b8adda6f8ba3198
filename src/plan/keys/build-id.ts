import { createHash } from 'node:crypto'
import { canonicalJson, sha256 } from '../canonical.ts'
import type { Leg } from '../plan.ts'

/**
 * Everything declared that determines what is in an image on one platform. Nothing else may change the build id: not the
 * date, the tags, the registry, the credentials, the network, the runner, nor from where a commit or a base was fetched.
 * What apt and pip answer is not declared, and so is not here.
 */
export type Determinants = {
  engine: string
  engineVersion: string
  platform: string
  /** Digest of the base's manifest for this platform, not of the index around it, which other platforms change, too */
  base: string
  aibrixCommit: string
  /** A release tag gives the wheel its version; the name of a branch does not */
  aibrixTag: string | null
  nixl: string
  /** Left out of an image in which NIXL is installed, as in all that were made when there was nothing else */
  nixlFrom?: 'base'
  ucxVersion: string | null
  /** Null for an image without UCX tools */
  ucxCommit: string | null
  integration: string
  gpuArchitectures: string
  buildArguments: Record<string, string>
  /** Left out where there is none, so that this input changes no id of an image without */
  environment?: Record<string, string>
  /** sha256 over the Dockerfile and the scripts */
  recipe: string
}

/** The label with the determinants as canonical JSON: by it a later plan says what has changed. */
export const determinantsLabel = 'io.aibrix.image.determinants'

export function determinantsOf(leg: Omit<Leg, 'buildId' | 'recipe'>, recipe: string): Determinants {
  return {
    engine: leg.engine,
    engineVersion: leg.version.release,
    platform: leg.platform,
    base: leg.base.manifestDigest,
    aibrixCommit: leg.aibrix.commit,
    aibrixTag: leg.aibrix.kind === 'tag' ? leg.aibrix.ref : null,
    nixl: leg.nixl,
    ...(leg.nixlFrom === 'base' && { nixlFrom: leg.nixlFrom }),
    ucxVersion: leg.ucxVersion,
    ucxCommit: leg.ucx?.commit ?? null,
    integration: leg.integration,
    gpuArchitectures: leg.gpuArchitectures === 'auto' ? 'auto' : leg.gpuArchitectures.join(' '),
    buildArguments: leg.buildArguments,
    ...(Object.keys(leg.environment).length > 0 && { environment: leg.environment }),
    recipe,
  }
}

/** @returns 64 hexadecimal digits, the same for the same determinants in whatever order they were put together */
export function buildId(determinants: Determinants): string {
  return sha256(canonicalJson(determinants))
}

/** @param files path → content of the Dockerfile and what it mounts @returns 64 hexadecimal digits */
export function recipeDigest(files: ReadonlyMap<string, Uint8Array>): string {
  const hash = createHash('sha256')
  for (const path of [...files.keys()].sort()) {
    const content = files.get(path) ?? new Uint8Array()
    hash.update(`${path}\0${content.length}\0`).update(content)
  }
  return hash.digest('hex')
}
