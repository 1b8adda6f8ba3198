import type { Builder } from './builder.ts'
import { findDisk } from './disk.ts'
import type { RunDocker } from './info.ts'
import { addedBytes, judgeSpace, largestNeed, type LegLayers, type SpaceVerdict } from './space.ts'
import { UserError } from '../../errors.ts'
import type { PlannedLeg } from '../../plan/index.ts'
import { formatReference } from '../../registry/index.ts'

export type SpaceSettings = {
  builder: Builder
  /** Legs in parallel */
  parallel: number
  /** Bytes, compressed */
  addedBytesLimit: number
  /** Builds with too little space */
  force: boolean
  /** Whether `free-disk-space` is set already */
  freed: boolean
}

/**
 * Reports the disk space that the legs need, before anything is pulled.
 * @throws UserError if they can't fit on the engine's disk, unless `force` is set
 */
export async function checkSpace(
  legs: readonly PlannedLeg[],
  settings: SpaceSettings,
  docker: RunDocker,
  log: (line: string) => void,
): Promise<void> {
  const { builder, parallel, force } = settings
  const found = await findDisk(docker, builder)
  if (found.kind === 'unknown') return log(`Disk space is not checked: ${found.why}.`)
  const added = addedBytes(settings.addedBytesLimit)
  const judge = (some: readonly LegLayers[], more = 0): SpaceVerdict =>
    judgeSpace(largestNeed(some, parallel, added), { ...found.disk, free: found.disk.free + more })
  const { state, reason } = judge(legs.map(layersOf))
  if (state === 'enough') return log(`${reason}.`)
  if (state === 'tight') return log(`Note: ${reason}, which may be too little.`)
  // The rest is requested only where it matters.
  // A builder in a container can't use the bases that the engine has pulled.
  const missing = found.driver === 'docker' ? await withoutPulled(docker, legs) : legs.map(layersOf)
  const cached = cacheSize((await docker(['buildx', 'du', '--builder', builder.name])).stdout)
  if (judge(missing, cached ?? Infinity).state !== 'short')
    return log(`Note: ${reason}; the engine may have these layers already, or make space for them.`)
  if (force) return log(`Note: ${reason}; building all the same, because force is set.`)
  throw new UserError(`${reason}; ${advice(settings)}.`)
}

function advice({ freed, parallel }: SpaceSettings): string {
  const free = freed ? '' : ', on a GitHub-hosted runner set free-disk-space: true'
  const fewer = parallel > 1 ? ', build fewer legs in parallel with "parallel"' : ''
  return `use a runner with a bigger disk${free}${fewer}, or set force: true to try`
}

function layersOf({ engine, version, platform, base }: PlannedLeg): LegLayers {
  // A verification takes no version from a label.
  const title = version.tag === '' ? engine : `${engine} ${version.tag}`
  return { name: `${title} for ${platform}`, layers: base.layers }
}

/** Bases that the engine has pulled need no more space. */
async function withoutPulled(docker: RunDocker, legs: readonly PlannedLeg[]): Promise<LegLayers[]> {
  return Promise.all(
    legs.map(async (leg) => {
      const { repository, digest } = leg.base
      const { code } = await docker(['image', 'inspect', '--', formatReference({ ...repository, digest })])
      return { ...layersOf(leg), layers: code === 0 ? [] : leg.base.layers }
    }),
  )
}

const units: Record<string, number> = { B: 1, kB: 1e3, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 }

/** @param text of `docker buildx du` @returns bytes of BuildKit's cache, if reported */
export function cacheSize(text: string): number | undefined {
  const [, size, unit = ''] = /^Total:\s*([\d.]+)\s*([kKMGT]?B)\s*$/m.exec(text) ?? []
  const factor = units[unit]
  return factor === undefined ? undefined : Number(size) * factor
}
