import type { RunWorld } from '../../src/command/world/run-world.ts'
import { noAttestations } from '../../src/promote/attestations.ts'
import { createStore } from '../../src/store/store.ts'
import { cache, type Memory } from './memory-client.ts'
import { rules } from './verified-leg.ts'

/** A run on a registry in memory. Its clock advances by a second at each reading. */
export function runWorldOf({ client }: Memory, changes: Partial<RunWorld> = {}): RunWorld {
  let time = 0
  return {
    registry: client,
    store: createStore(client, cache),
    rules,
    attestations: noAttestations,
    keepsBases: false,
    verifiedBy: undefined,
    log: () => undefined,
    signal: new AbortController().signal,
    redact: (text) => text,
    elapsed: () => (time += 1000),
    objectionTo: () => Promise.resolve(undefined),
    ...changes,
  }
}
