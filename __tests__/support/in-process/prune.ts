import { prune } from '../../../src/command/prune/prune.ts'
import { createCredentials } from '../../../src/command/world/registry-access.ts'
import type { Inputs } from '../../../src/inputs/inputs.ts'
import type { Pruning } from '../../../src/inputs/pruning.ts'
import type { RegistryClient } from '../../../src/registry/client.ts'
import { openDeleter, publicApis } from '../../../src/registry/deletion/open-deleter.ts'
import { createTransport } from '../../../src/registry/http/transport.ts'
import type { PruneRun } from '../../../src/report/prune/prune-run.ts'
import { type Retry, systemWait } from '../../../src/system/retry.ts'
import type { Waits } from './act.ts'

type Tools = { registry: RegistryClient; waits: Waits; signal: AbortSignal; retry: Retry }

/** Prunes as the command does, at the time of `Date`. */
export async function pruneWith(
  pruning: Pruning,
  inputs: Inputs,
  { registry, waits, signal, retry }: Tools,
): Promise<PruneRun> {
  const transport = createTransport({ timeouts: waits, signal })
  const access = {
    ...{ client: registry, transport, withRetries: retry.run, apis: publicApis, githubToken: undefined },
    credentials: createCredentials(inputs, undefined, { environment: {} }),
    wait: (milliseconds: number) => systemWait(milliseconds, signal),
  }
  try {
    return await prune(pruning, inputs.plan, {
      ...{ registry, signal, log: () => undefined, redact: (text) => text },
      ...{ now: new Date(), elapsed: () => 0 },
      deleterOf: (repository) => openDeleter(repository, access),
    })
  } finally {
    transport.close()
  }
}
