import { expect } from '@jest/globals'
import type { Ended } from '../in-process/act.ts'
import type { RegistryProxy } from '../registry-proxy.ts'
import type { Combination } from './matrix.ts'

/** Where a combination runs: a separate namespace behind a proxy with trouble. */
export type Place = {
  proxy: RegistryProxy
  act: () => Promise<Ended>
  /** Returns the public tags */
  publicTags: () => Promise<string[]>
  /** Returns the comparable part of what is published */
  state: () => Promise<Record<string, unknown>>
  /** Returns what public tags lead to and is missing */
  missing: () => Promise<string[]>
  close: () => Promise<void>
}

/** What an undisturbed run publishes */
export type Undisturbed = Record<string, unknown>

/**
 * Asserts that a run succeeds, or fails with one clear sentence and then succeeds after the
 * trouble.
 */
export async function attempt(
  combination: Combination,
  place: Place,
  undisturbed: Undisturbed,
): Promise<void> {
  const { isStaged, ends, warns } = combination
  const { proxy } = place
  try {
    const run = await place.act()
    expect(proxy.requests.filter(({ struck }) => struck)).not.toEqual([])
    expectOrder(proxy, isStaged)
    const isRight = run.code === 0
    if (isRight) await expectRight(run, place, undisturbed)
    else await expectRed(run, place, undisturbed, combination)
    expect(isRight ? 'right' : `red: ${run.errors.join()}`).toMatch(ends)
    if (warns) expect(run.summary).toMatch(warns)
    if (isRight) return
    proxy.heal()
    await expectRight(await place.act(), place, undisturbed)
    expectOrder(proxy, isStaged)
  } finally {
    await place.close()
  }
}

async function expectRight(run: Ended, place: Place, undisturbed: Undisturbed): Promise<void> {
  expect(run.errors).toEqual([])
  expect(run.code).toBe(0)
  expect(await place.state()).toEqual(undisturbed)
  expect(await place.missing()).toEqual([])
}

/** Asserts that a run failed with one sentence about the fault, and published nothing wrong. */
async function expectRed(
  run: Ended,
  place: Place,
  undisturbed: Undisturbed,
  { says }: Combination,
): Promise<void> {
  expect(run.errors).toHaveLength(1)
  expect(run.code).toBe(1)
  const [sentence = ''] = run.errors
  expect(sentence).toMatch(says)
  expect(sentence).toMatch(/\.$/)
  expect(sentence.length).toBeLessThan(700)
  expect(sentence).not.toMatch(/undefined|\[object|TypeError|node:|\n/)
  const made = await place.publicTags()
  if (made.length === 0) return
  expect(sentence).toMatch(/Promotion stopped/)
  expect(undisturbed).toMatchObject(await place.state())
  expect(await place.missing()).toEqual([])
  // This tag may exist if only the response was lost; the others exist, as the sentence says.
  const stoppedAt = /Promotion stopped at [^ ]+:([^: ]+): /.exec(sentence)?.[1]
  for (const tag of made.filter((tag) => tag !== stoppedAt))
    expect(sentence).toMatch(new RegExp(`These tags were created: .*:${tag}[,;]`))
}

/** Asserts that everything public was verified before. */
function expectOrder({ stored }: RegistryProxy, isStaged: boolean): void {
  const first = stored.findIndex((path) => /^vllm-openai\/manifests\/(?!sha256:)/.test(path))
  if (first < 0 || isStaged) return
  expect(stored.slice(0, first).some((path) => path.startsWith('image-cache/manifests/build-'))).toBe(true)
}
