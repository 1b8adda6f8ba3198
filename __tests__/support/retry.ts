import { knownErrors } from '../../src/command/world/transient.ts'
import { createRetry, type Retry, type RetrySettings } from '../../src/system/retry.ts'

/** Retries without a delay. */
export function quickRetry(settings: Partial<RetrySettings> = {}): Retry {
  return createRetry({
    ...knownErrors,
    retries: 3,
    waits: { retry: 1, longest: 4, budget: 60_000 },
    signal: new AbortController().signal,
    log: () => undefined,
    random: () => 0,
    wait: () => Promise.resolve(),
    ...settings,
  })
}

/** Makes one attempt, without retries. */
export const noRetry: Retry = quickRetry({ retries: 0 })
