import type { RunDocker } from './docker.ts'
import { cacheSize } from './engine-disk.ts'
import { addedBytes, judgeRoom, mostAtOnce, type RoomLeg, type Verdict } from './space.ts'
import { type FoundDisk, findDisk } from './disk.ts'
import { UserError } from '../../errors.ts'
import type { PlannedLeg } from '../../plan/index.ts'
import { formatReference } from '../../registry/index.ts'

export type RoomChoices = {
  /** Name of the builder */
  builder: string
  /** Legs at a time */
  parallel: number
  /** bytes, compressed */
  addedBytesLimit: number
  /** Builds all the same */
  force: boolean
  /** Whether `free-disk-space` is set already */
  freed: boolean
}

/**
 * Says what room the legs take, before anything is pulled.
 * @throws UserError if they can't fit on the engine's disk, unless `force` is set
 */
export async function checkRoom(
  legs: readonly PlannedLeg[],
  choices: RoomChoices,
  docker: RunDocker,
  log: (line: string) => void,
): Promise<void> {
  const found = await findDisk(docker, choices.builder)
  if (found.kind === 'unknown') return log(`Room on disk is not checked: ${found.why}.`)
  const added = addedBytes(choices.addedBytesLimit)
  const judge = (some: readonly RoomLeg[], more = 0): Verdict =>
    judgeRoom(mostAtOnce(some, choices.parallel, added), { ...found.disk, free: found.disk.free + more })
  const first = judge(legs.map(roomLeg))
  if (first.state !== 'short') return say(first, log)
  // The rest is asked only where it matters.
  const missing = await withoutThose(docker, found, legs)
  const cached = cacheSize((await docker(['buildx', 'du', '--builder', choices.builder])).stdout)
  const last = judge(missing, cached ?? Infinity)
  if (last.state !== 'short')
    return log(
      `Note: ${first.sentence}; the engine may have what is missing, or remove what it does not need any more.`,
    )
  if (choices.force) return log(`Note: ${first.sentence}; force is set, so it is tried.`)
  throw new UserError(`${first.sentence}; ${advice(choices)}.`)
}

function advice({ freed, parallel }: RoomChoices): string {
  const ways = [
    'use a runner with a bigger disk',
    ...(freed ? [] : ['set free-disk-space: true if it is one of GitHub']),
    ...(parallel > 1 ? ['build fewer legs at a time with "parallel"'] : []),
  ]
  return `${ways.join(', ')}, or set force: true to try`
}

function say({ state, sentence }: Verdict, log: (line: string) => void): void {
  log(state === 'tight' ? `Note: ${sentence}, which may be too little.` : `${sentence}.`)
}

function roomLeg({ engine, version, platform, base }: PlannedLeg): RoomLeg {
  return { name: `${engine} ${version.tag} for ${platform}`, layers: base.layers }
}

/** Bases that the engine has pulled need no more room; a builder in a container does not see those. */
async function withoutThose(
  docker: RunDocker,
  { driver }: Extract<FoundDisk, { kind: 'disk' }>,
  legs: readonly PlannedLeg[],
): Promise<RoomLeg[]> {
  if (driver !== 'docker') return legs.map(roomLeg)
  return Promise.all(
    legs.map(async (leg) => {
      const { repository, digest } = leg.base
      const { code } = await docker(['image', 'inspect', '--', formatReference({ ...repository, digest })])
      return { ...roomLeg(leg), layers: code === 0 ? [] : leg.base.layers }
    }),
  )
}
