import { setTimeout as sleep } from 'node:timers/promises'
import { UserError } from '../../../src/errors.ts'
import type { Door, RegistryProxy } from '../registry-proxy.ts'

/** Before the registry sees the nth request, or after the nth that ends something and before it responds */
export type Moment = { nth: number; when: 'before' | 'after' }

/**
 * Runs a command behind a proxy and kills it. @returns the request at which it was killed; undefined if
 * it ended before
 * @param isEnd which requests count for `after`
 */
export async function killAt(
  { door, proxy }: { door: Door; proxy: RegistryProxy },
  { nth, when }: Moment,
  isEnd: (seen: string) => boolean,
  run: (signal: AbortSignal) => Promise<unknown>,
): Promise<string | undefined> {
  const end = new AbortController()
  let left = nth
  let last: string | undefined
  const strike = (seen: string): void => {
    last = seen
    end.abort(new UserError('The process was killed.'))
  }
  door.before = (seen) => {
    if (last !== undefined) return 503
    if (when === 'after' || (left -= 1) > 0) return undefined
    strike(seen)
    return 503
  }
  door.after = (seen) => {
    if (when === 'after' && last === undefined && isEnd(seen) && (left -= 1) === 0) strike(seen)
  }
  await run(end.signal)
  while (proxy.underWay() > 0) await sleep(1)
  delete door.before
  delete door.after
  return last
}
