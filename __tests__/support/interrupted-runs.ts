import { expect } from '@jest/globals'
import type { ChildProcess } from 'node:child_process'
import { type ActionOptions, type ActionRun, digestOf, errorsOf, tagsOf } from './action.ts'
import type { Door, RegistryProxy } from './registry-proxy.ts'
import { copyTag, stateOf } from './two-platforms.ts'

/**
 * A separate namespace in the test registry behind a separate proxy; `folder` contains the action.
 */
export type Place = { namespace: string; door: Door; proxy: RegistryProxy; folder: string }

/** Runs the action in a `Place`. */
export type Act = (
  place: Place,
  more: Record<string, string>,
  watch?: ActionOptions['watch'],
) => Promise<ActionRun>

/**
 * When something is interrupted: at a request, before or after the registry sees it, or at a line
 * of output.
 */
export type Moment = { before?: RegExp; after?: RegExp; at?: RegExp; nth?: number }

/** When the process is ended, and by which signal */
export type Blow = Moment & { signal?: NodeJS.Signals }

/**
 * Runs a command and calls `strike` once in the middle.
 *
 * The response to the request at that moment is sent when the run has ended or `strike` has
 * finished.
 */
export async function struck(
  act: Act,
  place: Place,
  more: Record<string, string>,
  { before, after, at, nth = 1 }: Moment,
  strike: (child: ChildProcess) => Promise<void> | void,
): Promise<ActionRun> {
  const gone = Promise.withResolvers<undefined>()
  let child: ChildProcess | undefined
  let done: Promise<void> | undefined
  const once = (): Promise<void> => {
    if (child) done ??= Promise.resolve(strike(child))
    return Promise.race([gone.promise, done ?? Promise.resolve()])
  }
  const counted = (pattern: RegExp | undefined) => {
    let left = nth
    return (seen: string) => pattern?.test(seen) === true && (left -= 1) === 0
  }
  const [isBefore, isAfter] = [counted(before), counted(after)]
  place.door.before = async (seen) => {
    if (!isBefore(seen)) return undefined
    await once()
    return 503
  }
  place.door.after = async (seen) => {
    if (isAfter(seen)) await once()
  }
  const run = await act(place, more, (started, output) => {
    child = started
    if (at?.test(output) === true) void once()
  })
  gone.resolve(undefined)
  await done
  delete place.door.before
  delete place.door.after
  if (!done) throw new Error(`it ended before it was to be ended: ${run.log}`)
  return run
}

/** Runs a command that gets a signal in the middle and must not survive it. */
export async function interrupted(
  act: Act,
  place: Place,
  more: Record<string, string>,
  { signal = 'SIGKILL', ...moment }: Blow,
): Promise<ActionRun> {
  const run = await struck(act, place, more, moment, async (child) => {
    const gone = new Promise<void>((end) => child.once('close', () => end()))
    child.kill(signal)
    // The request of this moment gets no response that the process could still use.
    await gone
  })
  if (signal === 'SIGKILL') expect(run.signal).toBe('SIGKILL')
  else expect(run.code).toBe(1)
  return run
}

/** Returns the tags of the cache repository that stand for finished work, with their digests. */
export async function cacheOf(namespace: string): Promise<Map<string, string | null>> {
  const name = `${namespace}/image-cache`
  const tags = (await tagsOf(name)).filter((tag) => !/^(?:plan|candidate)-/.test(tag))
  return new Map(await Promise.all(tags.map(async (tag) => [tag, await digestOf(name, tag)] as const)))
}

/** Result of an undisturbed run */
export type Undisturbed = { namespace: string; state: Record<string, unknown>; cache: string[] }

export async function readUndisturbed(namespace: string): Promise<Undisturbed> {
  return { namespace, state: await stateOf(namespace), cache: [...(await cacheOf(namespace)).keys()] }
}

/** Copies the matching tags of an earlier run's cache repository to a place. */
export async function withStaged(
  { namespace }: Place,
  { namespace: from }: Undisturbed,
  tags: RegExp,
): Promise<void> {
  for (const [tag, digest] of await cacheOf(from))
    if (tags.test(tag) && digest !== null)
      await copyTag(`${from}/image-cache`, digest, `${namespace}/image-cache`, tag)
}

/**
 * Asserts that what is public is right after an interruption. @returns finished legs and stage
 * artifacts
 */
export async function expectNoLie(
  { namespace }: Place,
  { state }: Undisturbed,
): Promise<Map<string, string | null>> {
  expect(state).toMatchObject(await stateOf(namespace))
  return new Map(
    [...(await cacheOf(namespace))].filter(([tag]) => /^(?:build|extension|wheel|ucx)-/.test(tag)),
  )
}

/**
 * Runs a command to its end and asserts that it repeats nothing that is finished, not even storing
 * it.
 */
export async function again(
  act: Act,
  place: Place,
  more: Record<string, string>,
  undisturbed: Undisturbed,
): Promise<ActionRun> {
  const finished = await expectNoLie(place, undisturbed)
  const from = place.proxy.seen.length
  const run = await act(place, more)
  expect(errorsOf(run)).toEqual([])
  expect(run.code).toBe(0)
  const writes = place.proxy.seen.slice(from).filter((seen) => seen.startsWith('PUT '))
  const now = await cacheOf(place.namespace)
  for (const [tag, digest] of finished) {
    expect(now.get(tag)).toBe(digest)
    for (const kind of tag.startsWith('build-') ? ['candidate-', 'report-', 'build-'] : [''])
      expect(writes.filter((seen) => seen.includes(`/${tag.replace('build-', kind)}`))).toEqual([])
  }
  return run
}

export async function expectUndisturbed({ namespace }: Place, expected: Undisturbed): Promise<void> {
  expect(await stateOf(namespace)).toEqual(expected.state)
  expect([...(await cacheOf(namespace)).keys()]).toEqual(expected.cache)
}
