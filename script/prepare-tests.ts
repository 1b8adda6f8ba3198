import { spawnSync } from 'node:child_process'

/**
 * jest calls it once before the tests of a lane, so that no two of its workers make the stand-ins at the same time. In a process
 * of its own, because what jest loads here is not the module that Node would load.
 */
export default function prepareTests(): void {
  const { status } = spawnSync(process.execPath, ['stand-ins/prepare.ts'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (status !== 0) throw new Error('The stand-ins could not be made; the lines above say why.')
}
