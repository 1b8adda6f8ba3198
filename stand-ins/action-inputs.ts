import type { StandIns } from './prepare.ts'

/** The inputs of the action that point a run at the stand-ins. @param index URL of their package index */
export function standInInputs(standIns: StandIns, index: string): Record<string, string> {
  return {
    'base-registry': standIns.baseRegistries.published ?? '',
    'aibrix-repository': standIns.aibrix,
    'ucx-repository': standIns.ucx,
    'package-index': index,
    // The package index is on this machine's own loopback.
    network: 'host',
  }
}
