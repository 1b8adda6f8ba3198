import type { Seen } from '../registry-proxy.ts'
import type { Image } from '../two-platforms.ts'
import type { Fault } from './answers.ts'

/** What is wrong with which requests. */
export type Trouble = {
  on: (seen: Seen) => boolean
  fault: Fault
  /**
   * `before` the registry sees the request, after `half` of its body went there, when its body is `changed` on the way there,
   * or `after` it has done what it was asked for
   */
  moment: 'before' | 'half' | 'changed' | 'after'
  /** How often it happens to one request, the first that comes; for ever, it happens to all of them */
  times: number
}

/** @returns the trouble, where it is meant so with the content of one document of the cache repository alone */
export function troubleWith(trouble: Trouble, { config, layers }: Image): Trouble {
  // What describes layers is their configuration; an artifact has an empty one, and one layer.
  const { digest } = (layers.length === 1 ? layers[0] : undefined) ?? config
  return { ...trouble, on: (seen) => seen.url.endsWith(digest) && trouble.on(seen) }
}

/** Counts what is wrong yet. */
export function createStrikes(trouble: Trouble | undefined) {
  let left = trouble?.times ?? 0
  let victim: string | undefined
  const isNext = (one: Seen): boolean => {
    if (!trouble || left === 0 || !trouble.on(one)) return false
    if (trouble.times !== Infinity && (victim ??= nameOf(one)) !== nameOf(one)) return false
    left -= 1
    return true
  }
  return {
    isNext,
    end: () => {
      left = 0
    },
  }
}

/** The same for a request that is sent again: an upload has another address then. */
function nameOf({ method, url }: Seen): string {
  const [path = '', query = ''] = url.split('?')
  const digest = new URLSearchParams(query).get('digest')
  return digest === null ? `${method} ${url}` : `${method} ${path.replace(/[^/]*$/, '')} ${digest}`
}
