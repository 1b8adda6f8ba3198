import type { Seen } from '../registry-proxy.ts'
import type { Image } from '../two-platforms.ts'
import type { Fault } from './answers.ts'

/** A fault, and the requests that have it. */
export type Trouble = {
  on: (seen: Seen) => boolean
  fault: Fault
  /**
   * `before` the registry sees the request, after `half` of its body, with a body that is `changed`
   * on the way, or `after` the registry has handled it
   */
  moment: 'before' | 'half' | 'changed' | 'after'
  /** How often it happens to the first matching request; if infinite, it happens to all of them */
  times: number
}

/** Returns the trouble, limited to the content of one document of the cache repository. */
export function troubleWith(trouble: Trouble, { config, layers }: Image): Trouble {
  // Layers are described by their configuration; an artifact has an empty one, and one layer.
  const { digest } = (layers.length === 1 ? layers[0] : undefined) ?? config
  return { ...trouble, on: (seen) => seen.url.endsWith(digest) && trouble.on(seen) }
}

/** Counts the faults that are left. */
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

/** Returns a name that a retried request shares, because an upload then has another address. */
function nameOf({ method, url }: Seen): string {
  const [path = '', query = ''] = url.split('?')
  const digest = new URLSearchParams(query).get('digest')
  return digest === null ? `${method} ${url}` : `${method} ${path.replace(/[^/]*$/, '')} ${digest}`
}
