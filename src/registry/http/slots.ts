import pLimit from 'p-limit'
import type { HttpAnswer } from './transport.ts'

/**
 * Requests that are under way at once, to all registries and token services together. A request has its place from the
 * moment it is sent until its answer was read. What it leads to on the way (a token, a redirect, the same again with a
 * token) comes one after another and shares its place: if a token had to wait for a place of its own, all places could
 * be held by requests that wait for this token.
 */
const maximumRequests = 8
/**
 * Copies at once. One whose bytes are streamed holds a place for what it reads while it waits for another one to write.
 * At most half of the places can be held by those who wait; the others come free by themselves, so that nobody waits for ever.
 */
const maximumCopies = maximumRequests / 2

/** Where the requests of one client wait for their turn. */
export type Places = {
  /** Sends in a place that is kept until nothing of the answer is under way any more */
  untilRead: (send: () => Promise<HttpAnswer>) => Promise<HttpAnswer>
  /** Does work that has at most one request under way at a time, in one place */
  during: <Result>(work: () => Promise<Result>) => Promise<Result>
  /** Begins work that may have two requests under way that need each other */
  copying: <Result>(work: () => Promise<Result>) => Promise<Result>
}

export function createPlaces(): Places {
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
