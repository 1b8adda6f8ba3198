import { expect } from '@jest/globals'
import { setTimeout as sleep } from 'node:timers/promises'
import { UserError } from '../../../src/errors.ts'
import { waits, wanted } from '../faults/wanted.ts'
import { type Content, openRegistryInMemory, type RegistryInMemory } from '../registry-in-memory.ts'
import { type Door, openRegistryProxy, type RegistryProxy } from '../registry-proxy.ts'
import { act, type Ended } from './act.ts'
import { publishBase } from './engine.ts'
import { publishedState } from './state.ts'

const namespace = 'acme'
const cache = `${namespace}/image-cache`
const base = 'vllm/vllm-openai:v0.21.0'

/** A command that is killed, on a registry that has this at its beginning. */
export type Journey = {
  platforms: string[]
  begin: Content
  /** The command's inputs, by the registry's host; what is left out is as for a run of one image with two tags */
  inputs: Record<string, string>
  /** What a run gives that nothing disturbs */
  undisturbed: Undisturbed
}

export type Undisturbed = { state: Record<string, unknown>; tags: string[]; outcome: Ended }

/** Before the registry sees a request, or after it has done what it was asked for and before anybody knows */
type Moment = { nth: number; when: 'before' | 'after' }

/** A registry that nobody has published to, but for the bases. */
export async function emptyRegistry(platforms: string[]): Promise<Content> {
  const registry = await openRegistryInMemory()
  await publishBase(registry.host, `stand-in/${base}`, platforms)
  const content = registry.content()
  await registry.close()
  return content
}

type Opened = { registry: RegistryInMemory; proxy: RegistryProxy; door: Door }

async function open(begin: Content): Promise<Opened> {
  const registry = await openRegistryInMemory(begin)
  const door: Door = { upstream: registry.host }
  return { registry, door, proxy: await openRegistryProxy(door) }
}

function run(
  { registry, proxy }: Opened,
  journey: Pick<Journey, 'platforms' | 'inputs'>,
  signal?: AbortSignal,
) {
  const { plan, ...more } = journey.inputs
  const inputs = {
    ...{ ...wanted, namespace, push: 'true', cache: 'registry', platforms: journey.platforms.join(',') },
    ...{ registry: proxy.host, 'base-registry': `${registry.host}/stand-in`, ...more },
    ...(plan !== undefined && { plan: `${proxy.host}/${cache}:${plan}` }),
  }
  return act(inputs, { waits, ...(signal && { signal }) })
}

/** The tags of the cache repository that stand for work done. */
const doneIn = ({ registry }: Opened): Map<string, string> =>
  new Map([...registry.tagsOf(cache)].filter(([tag]) => !tag.startsWith('plan-')))

/** Carries a command out, with nothing in its way. @returns what it gives, and the registry after it */
export async function undisturbedRun(
  journey: Pick<Journey, 'platforms' | 'inputs' | 'begin'>,
): Promise<Undisturbed & { content: Content }> {
  const opened = await open(journey.begin)
  const outcome = await run(opened, journey)
  expect(outcome.errors).toEqual([])
  const state = publishedState(opened.registry, namespace)
  const undisturbed = { state, tags: [...doneIn(opened).keys()].sort(), outcome }
  const content = opened.registry.content()
  await close(opened)
  return { ...undisturbed, content }
}

async function close({ registry, proxy }: Opened): Promise<void> {
  await proxy.close()
  await registry.close()
}

/** @returns the request at which it was killed; undefined if it was through before */
async function killed(opened: Opened, journey: Journey, { nth, when }: Moment): Promise<string | undefined> {
  const end = new AbortController()
  let left = nth
  let last: string | undefined
  const strike = (seen: string): void => {
    last = seen
    end.abort(new UserError('The process was killed.'))
  }
  opened.door.before = (seen) => {
    if (last !== undefined) return 503
    if (when === 'after' || (left -= 1) > 0) return undefined
    strike(seen)
    return 503
  }
  opened.door.after = (seen) => {
    if (when === 'after' && last === undefined && isTagging(seen) && (left -= 1) === 0) strike(seen)
  }
  await run(opened, journey, end.signal)
  while (opened.proxy.underWay() > 0) await sleep(1)
  delete opened.door.before
  delete opened.door.after
  return last
}

/** A manifest is the end of a piece of work; what else is written leads to one, and to nobody before. */
const isTagging = (seen: string): boolean => /^PUT .*\/manifests\//.test(seen)

/** The same command again ends right, repeats nothing that is finished, and leaves what an undisturbed one leaves. */
async function expectCompleted(opened: Opened, journey: Journey): Promise<void> {
  const { registry, proxy } = opened
  const { state, tags } = journey.undisturbed
  // Whatever was killed, what is public is right.
  expect(state).toMatchObject(publishedState(registry, namespace))
  expect(registry.dangling()).toEqual([])
  const finished = [...doneIn(opened)].filter(([tag]) => /^(?:build|wheel|ucx)-/.test(tag))
  const from = proxy.seen.length
  const ended = await run(opened, journey)
  expect(ended.errors).toEqual([])
  expect(ended.plan?.replace(/.*:/, '')).toBe(journey.undisturbed.outcome.plan?.replace(/.*:/, ''))
  expect(publishedState(registry, namespace)).toEqual(state)
  expect(registry.dangling()).toEqual([])
  const now = doneIn(opened)
  expect([...now.keys()].sort()).toEqual(tags)
  const writes = proxy.seen.slice(from).filter((seen) => seen.startsWith('PUT '))
  for (const [tag, digest] of finished) {
    expect(now.get(tag)).toBe(digest)
    for (const kind of tag.startsWith('build-') ? ['candidate-', 'report-', 'build-'] : [''])
      expect(writes.filter((seen) => seen.endsWith(tag.replace('build-', kind)))).toEqual([])
  }
}

/**
 * Kills a command at a moment, and carries it out again.
 * @returns the request at which it was killed; undefined if there are not so many
 * @throws what was wrong afterwards, with that request
 */
export async function killedAndAgain(journey: Journey, moment: Moment): Promise<string | undefined> {
  const opened = await open(journey.begin)
  try {
    const at = await killed(opened, journey, moment)
    if (at === undefined) return undefined
    await expectCompleted(opened, journey).catch((cause: unknown) => {
      throw new Error(`killed ${moment.when} ${at}`, { cause })
    })
    return at
  } finally {
    await close(opened)
  }
}
