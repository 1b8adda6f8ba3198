import { expect } from '@jest/globals'
import { waits, wanted } from '../faults/wanted.ts'
import { type Content, openRegistryInMemory, type RegistryInMemory } from '../registry-in-memory.ts'
import { type Door, openRegistryProxy, type RegistryProxy } from '../registry-proxy.ts'
import { act, type Ended } from './act.ts'
import { publishBase } from './engine.ts'
import { killAt, type Moment } from './kill.ts'
import { publishedState } from './state.ts'

const namespace = 'acme'
const cache = `${namespace}/image-cache`
const base = 'vllm/vllm-openai:v0.21.0'

/**
 * A registry and the proxy in front of it. Both keep their address, because a plan names its host.
 */
export type Place = {
  registry: RegistryInMemory
  proxy: RegistryProxy
  door: Door
  close: () => Promise<void>
}

/** A command, on a registry with this content at the start. */
export type Command = {
  platforms: string[]
  begin: Content
  /**
   * Default: those of a run of one image with two tags; `plan` and `image` are tags of the cache
   * repository
   */
  inputs: Record<string, string>
}

/** Result of an undisturbed command. */
export type Undisturbed = { state: Record<string, unknown>; tags: string[]; plan: string | undefined }

/** A command that is killed. */
export type Journey = Command & { undisturbed: Undisturbed }

export async function openPlace(): Promise<Place> {
  const registry = await openRegistryInMemory()
  const door: Door = { upstream: registry.host }
  const proxy = await openRegistryProxy(door)
  const close = async (): Promise<void> => {
    await proxy.close()
    await registry.close()
  }
  return { registry, door, proxy, close }
}

/** Publishes only the bases. @returns the content of the registry */
export async function publishBases({ registry }: Place, platforms: string[]): Promise<Content> {
  registry.become(new Map())
  await publishBase(registry.host, `stand-in/${base}`, platforms)
  return registry.content()
}

function run(
  { registry, proxy }: Place,
  { platforms, inputs }: Command,
  signal?: AbortSignal,
): Promise<Ended> {
  const { plan, image, ...more } = inputs
  const all = {
    ...{ ...wanted, namespace, push: 'true', cache: 'registry', platforms: platforms.join(',') },
    ...{ registry: proxy.host, 'base-registry': `${registry.host}/stand-in`, ...more },
    ...(plan !== undefined && { plan: `${proxy.host}/${cache}:${plan}` }),
    ...(image !== undefined && { image: `${proxy.host}/${cache}:${image}` }),
  }
  return act(all, { waits, ...(signal && { signal }) })
}

/** Returns the tags of the cache repository that stand for finished work. */
const doneIn = ({ registry }: Place): Map<string, string> =>
  new Map([...registry.tagsOf(cache)].filter(([tag]) => !/^(?:plan|candidate)-/.test(tag)))

const planOf = ({ plan }: Ended): string | undefined => plan?.replace(/.*:/, '')

/** Runs a command undisturbed. @returns its result, and the registry after it */
export async function undisturbedRun(
  place: Place,
  command: Command,
): Promise<{ content: Content; journey: Journey }> {
  const { registry } = place
  registry.become(command.begin)
  const ended = await run(place, command)
  expect(ended.errors).toEqual([])
  const state = publishedState(registry, namespace)
  const undisturbed = { state, tags: [...doneIn(place).keys()].sort(), plan: planOf(ended) }
  return { content: registry.content(), journey: { ...command, undisturbed } }
}

/**
 * A manifest completes a piece of work; other writes lead to one, and nothing refers to them
 * before.
 */
const isEnd = (seen: string): boolean => /^PUT .*\/manifests\//.test(seen)

/**
 * Asserts that the same command, started again, succeeds, repeats nothing that is finished, and has
 * the undisturbed result.
 */
async function expectCompleted(place: Place, journey: Journey): Promise<void> {
  const { registry, proxy } = place
  const { state, tags, plan } = journey.undisturbed
  // What is public is right after any kill.
  expect(state).toMatchObject(publishedState(registry, namespace))
  expect(registry.dangling()).toEqual([])
  const finished = [...doneIn(place)].filter(([tag]) => /^(?:build|extension|wheel|ucx)-/.test(tag))
  const from = proxy.seen.length
  const ended = await run(place, journey)
  expect(ended.errors).toEqual([])
  expect(planOf(ended)).toBe(plan)
  expect(publishedState(registry, namespace)).toEqual(state)
  expect(registry.dangling()).toEqual([])
  const now = doneIn(place)
  expect([...now.keys()].sort()).toEqual(tags)
  const writes = proxy.seen.slice(from).filter((seen) => seen.startsWith('PUT '))
  for (const [tag, digest] of finished) {
    expect(now.get(tag)).toBe(digest)
    for (const kind of tag.startsWith('build-') ? ['candidate-', 'report-', 'build-'] : [''])
      expect(writes.filter((seen) => seen.includes(`/${tag.replace('build-', kind)}`))).toEqual([])
  }
}

/**
 * Kills a command at a moment, and runs it again.
 *
 * @returns the request at which it was killed; undefined if there are fewer requests
 * @throws Error with what was wrong afterwards, and that request
 */
export async function killedAndAgain(
  place: Place,
  journey: Journey,
  moment: Moment,
): Promise<string | undefined> {
  place.registry.become(journey.begin)
  const at = await killAt(place, moment, isEnd, (signal) => run(place, journey, signal))
  if (at === undefined) return undefined
  await expectCompleted(place, journey).catch((cause: unknown) => {
    throw new Error(`killed ${moment.when} ${at}`, { cause })
  })
  return at
}
