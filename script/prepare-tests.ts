import { spawnSync } from 'node:child_process'

/**
 * Builds the stand-ins. jest calls it once before the tests of a lane, so that no two workers build
 * them at the same time. It runs a separate process, because jest would not load the module that
 * Node loads.
 */
export default function prepareTests(): void {
  const { status } = spawnSync(process.execPath, ['stand-ins/prepare.ts'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (status !== 0) throw new Error('The stand-ins could not be built; the reason is in the lines above.')
}
