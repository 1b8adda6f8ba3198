import { knownErrors } from '../../src/command/world/transient.ts'
import { createRegistryClient, type RegistryClient } from '../../src/registry/client.ts'
import { createRetry, systemWait } from '../../src/system/retry.ts'

/**
 * A client of the test registry that tries again what a run does: distribution 2.8 on a file system refuses one of two who put
 * the same content into a repository at the same time (DIGEST_INVALID), since it reads a file that the other one writes.
 */
export function openTestClient(): RegistryClient {
  const { run: withRetries } = createRetry({
    ...knownErrors,
    retries: 10,
    waits: { retry: 5, longest: 100, budget: 2000 },
    signal: new AbortController().signal,
    log: () => undefined,
    random: Math.random,
    wait: systemWait,
  })
  return createRegistryClient({ credentials: () => Promise.resolve(undefined), withRetries })
}
