import { expect } from '@jest/globals'
import type { Fault } from '../faults/answers.ts'
import { waits } from '../faults/wanted.ts'
import type { Trouble } from '../faults/trouble.ts'
import { act } from '../in-process/act.ts'
import { openRegistryInMemory } from '../registry-in-memory.ts'
import { openRegistryProxy } from '../registry-proxy.ts'
import { brokenTags, cache, collected, published, pruning } from './place.ts'
import { type Journey, settings, tagsIn, undisturbed } from './journey.ts'

/** A fault at the nth request, as often as retries outlast, or at all requests from it on */
export type Attempt = { nth: number; moment: 'before' | 'after'; times: number }

const faults: Record<Attempt['moment'], readonly Fault[]> = {
  before: ['429', '500', '502', 'a reset', 'silence'],
  after: ['a truncated body', 'a trickle', 'other bytes', 'another digest in the header', 'a reset'],
}

/**
 * Prunes with a fault, and again without it.
 * @returns the request that had the fault; undefined if there are fewer
 */
export async function attemptPrune(
  { nth, moment, times }: Attempt,
  { begin, left }: Journey,
): Promise<string | undefined> {
  const registry = await openRegistryInMemory(begin)
  const all = faults[moment]
  const fault = all[nth % all.length] ?? '500'
  let seenSoFar = 0
  let at: string | undefined
  const isMeant: Trouble['on'] = ({ method, url }) => {
    seenSoFar += 1
    if (seenSoFar === nth) at = `${method} ${url}`
    return at !== undefined && (times === Infinity || `${method} ${url}` === at)
  }
  const proxy = await openRegistryProxy({
    upstream: registry.host,
    trouble: { on: isMeant, fault, moment, times },
  })
  const inputs = {
    ...pruning(settings, proxy.host),
    ...{ namespace: 'acme', push: 'true', registry: proxy.host, tags: 'x', retries: '4' },
  }
  const prune = () => act(inputs, { waits: { ...waits, request: 600, stall: 600 } })
  try {
    const ended = await prune()
    if (at === undefined) return undefined
    const now = tagsIn(registry.content())
    for (const path of [cache, published] as const)
      expect(now[path]).toEqual(expect.arrayContaining(left[path]))
    expect(brokenTags(collected(registry.content()))).toEqual([])
    if (ended.code === 1) {
      expect(ended.errors).toEqual([expect.stringMatching(/^[^\n]{20,900}\.$/)])
      expect(ended.errors[0]).not.toMatch(/undefined|\[object|TypeError|node:/)
    } else if (times === 3 && fault !== 'another digest in the header') expect(now).toEqual(left)
    proxy.heal()
    await undisturbed({ registry }, 'prune', prune)
    expect(tagsIn(registry.content())).toEqual(left)
    return at
  } catch (cause) {
    throw new Error(`${fault}, ${times} times, ${moment} ${at ?? ''}`, { cause })
  } finally {
    await proxy.close()
    await registry.close()
  }
}
