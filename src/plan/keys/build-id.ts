import { createHash } from 'node:crypto'
import { baseRepositoryName } from '../base.ts'
import { canonicalJson, sha256 } from '../canonical.ts'
import { engines } from '../engine.ts'
import type { Leg } from '../plan.ts'
import { extraDeterminants } from './extras.ts'

/**
 * Everything declared that determines the content of an image on one platform. Nothing else may
 * change the build id: not the date, the tags, the registry, the credentials, the network, the
 * runner, nor where a commit or a base was fetched from. The answers of apt and pip are not
 * declared.
 */
export type Determinants = {
  engine: string
  engineVersion: string
  platform: string
  /** Digest of the manifest for this platform, not of its index, which other platforms change */
  base: string
  /** The repository of a base that is not the engine's own. Absent otherwise */
  baseRepository?: string
  aibrixCommit: string
  /** A release tag gives the wheel its version, a branch does not */
  aibrixTag: string | null
  nixl: string
  /** Absent if NIXL is installed, which once was the only way */
  nixlFrom?: 'base'
  ucxVersion: string | null
  /** Null for an image without UCX tools */
  ucxCommit: string | null
  integration: string
  gpuArchitectures: string
  buildArguments: Record<string, string>
  /** Absent if empty, so that this input did not change the ids of images without it */
  environment?: Record<string, string>
  /** Name → requirement. Absent if empty, for the same reason, as is the next one */
  extraPackages?: Record<string, string>
  /** sha256 over names, permissions and content of the files */
  extraFiles?: string
  /** sha256 over the Dockerfile and the scripts */
  recipe: string
}

/** The label with the determinants as canonical JSON. A later plan reports by it what changed. */
export const determinantsLabel = 'io.aibrix.image.determinants'

export function determinantsOf(leg: Omit<Leg, 'buildId' | 'recipe'>, recipe: string): Determinants {
  return {
    engine: leg.engine,
    engineVersion: leg.version.release,
    platform: leg.platform,
    base: leg.base.manifestDigest,
    ...foreignBase(leg),
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
    ...extraDeterminants(leg),
    recipe,
  }
}

/** The name of a base is in labels, and its digest alone names upstream's. */
function foreignBase({ engine, base }: Pick<Leg, 'engine' | 'base'>): Pick<Determinants, 'baseRepository'> {
  const repository = baseRepositoryName(engine, base)
  return repository === engines[engine].baseRepository ? {} : { baseRepository: repository }
}

/** @returns 64 hexadecimal digits, the same for the same determinants in any order */
export function buildId(determinants: Determinants): string {
  return sha256(canonicalJson(determinants))
}

/** @param files path → content of the Dockerfile and of what it mounts */
export function recipeDigest(files: ReadonlyMap<string, Uint8Array>): string {
  const hash = createHash('sha256')
  for (const [path, content] of [...files].sort(([left], [right]) => (left < right ? -1 : 1)))
    hash.update(`${path}\0${content.length}\0`).update(content)
  return hash.digest('hex')
}
