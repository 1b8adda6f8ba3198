import type { StandIns } from './prepare.ts'

/** Returns the inputs that make a run use the stand-ins. @param index URL of their package index */
export function standInInputs(standIns: StandIns, index: string): Record<string, string> {
  return {
    'base-registry': standIns.baseRegistries.published ?? '',
    'aibrix-repository': standIns.aibrix,
    'ucx-repository': standIns.ucx,
    'package-index': index,
    // The package index listens on this machine's loopback interface.
    network: 'host',
  }
}
