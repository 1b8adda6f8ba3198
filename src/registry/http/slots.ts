import pLimit from 'p-limit'
import type { HttpAnswer } from './answer.ts'

/**
 * Requests in flight, to all registries and token services together. A request holds its slot from
 * the moment it is sent until its answer was read. The requests that it causes (for a token, after
 * a redirect, again with a token) run one after another in the same slot: if a token had to wait
 * for a slot of its own, requests that wait for this token could hold all slots.
 */
const maximumRequests = 8
/**
 * Copies in parallel. A streamed copy holds the slot that it reads in while it waits for a second
 * one. Such copies hold half of the slots at most; the others become free, so nothing deadlocks.
 */
const maximumCopies = maximumRequests / 2

/** Limits the requests that one client has in flight. */
export type Slots = {
  /** Sends in a slot that is held until nothing of the answer is in flight */
  untilRead: (send: () => Promise<HttpAnswer>) => Promise<HttpAnswer>
  /** Runs work with at most one request in flight in one slot */
  during: <Result>(work: () => Promise<Result>) => Promise<Result>
  /** Starts work that may have two requests in flight that depend on each other */
  copying: <Result>(work: () => Promise<Result>) => Promise<Result>
}

export function createSlots(): Slots {
  const requests = pLimit(maximumRequests)
  const copies = pLimit(maximumCopies)
  return {
    untilRead: (send) =>
      new Promise((resolve, reject) => {
        const hold = async (): Promise<void> => {
          const answer = await send()
          resolve(answer)
          await answer.ended
        }
        requests(hold).catch(reject)
      }),
    during: (work) => requests(work),
    copying: (work) => copies(work),
  }
}
