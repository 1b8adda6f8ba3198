import { knownErrors } from '../../src/command/world/transient.ts'
import { createRegistryClient, type RegistryClient } from '../../src/registry/client.ts'
import { createRetry, systemWait } from '../../src/system/retry.ts'

/**
 * Opens a client of the test registry with the retries of a run. If two clients put the same
 * content into a repository at the same time, distribution 2.8 on a file system refuses one
 * (DIGEST_INVALID), because it reads a file that the other one writes.
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
