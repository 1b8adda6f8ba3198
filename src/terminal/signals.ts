import { removePrivate } from '../system/index.ts'
import { exitCodeOf } from './exit-code.ts'
import type { Host } from './host.ts'

/**
 * Main cancels at the first Ctrl-C and cleans up. At the second one the process ends at once, without
 * a builder's removal. A terminal that is closed counts as SIGTERM, at which main cancels, too.
 * @param privateFolder returns the folder with credentials; empty if there is none
 */
export function listenToSignals(
  { on, exit, kill, pid, stderr }: Host,
  privateFolder: () => string,
  tidy: () => void,
): void {
  let isCancelled = false
  on('SIGINT', () => {
    if (isCancelled) {
      if (privateFolder() !== '') removePrivate(privateFolder())
      tidy()
      exit(exitCodeOf({ kind: 'cancelled', by: 'SIGINT' }))
    }
    isCancelled = true
    stderr.write('Cancelling and cleaning up; Ctrl-C again stops at once.\n')
  })
  on('SIGHUP', () => kill(pid, 'SIGTERM'))
}
