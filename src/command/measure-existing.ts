import { mkdirSync } from 'node:fs'
import type { RunDocker } from '../buildkit/index.ts'
import { createLegLog, type LegSettings, measureExisting } from '../leg/index.ts'
import type { PlannedLeg } from '../plan/index.ts'
import type { LegFacts } from '../verify/index.ts'
import { createLegWorld, newPathIn } from './world/leg-world.ts'
import type { CommandTools } from './world/tools.ts'

/** An image that exists, and the leg that says what its base is. */
export type ExistingImage = {
  leg: PlannedLeg
  /** By its digest, as BuildKit takes it */
  image: string
  /** Fills a new folder with the stored UCX of the image, which has stubs of the GPU driver; may do nothing */
  restoreUcx: (folder: string) => Promise<void>
}

type Tools = Pick<CommandTools, 'machine' | 'registry'> & {
  docker: RunDocker
  settingsOf: (leg: PlannedLeg) => LegSettings
}

/** Measures an image and its base, in a docker session. */
export async function measureWithDocker(
  { leg, image, restoreUcx }: ExistingImage,
  { machine, registry, docker, settingsOf }: Tools,
): Promise<LegFacts> {
  const log = createLegLog('verify', false, machine.log)
  const ucx = newPathIn(machine)('ucx')
  try {
    await restoreUcx(ucx)
    mkdirSync(ucx, { recursive: true })
    const call = { ...settingsOf(leg).call, artifacts: { ucx } }
    return await measureExisting(leg, call, image, createLegWorld(machine, docker, registry, log))
  } finally {
    log.end()
  }
}
