import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import pLimit from 'p-limit'
import type { RegistryClient } from '../../src/registry/client.ts'
import { attempt } from '../support/faults/attempt.ts'
import {
  openInProcess,
  runUndisturbed as runInProcess,
  type UndisturbedInProcess,
} from '../support/faults/in-process.ts'
import { inProcess, whole } from '../support/faults/matrix.ts'
import { openWhole, runUndisturbed as runWhole, type UndisturbedWhole } from '../support/faults/whole-run.ts'
import { useStandIns } from '../support/stand-in-inputs.ts'
import { openTestClient } from '../support/test-client.ts'

const minutes = 60_000

/**
 * Combinations in parallel, each with its own proxy and namespace. Those in this process mostly
 * wait.
 */
const [sixteen, four] = [pLimit(16), pLimit(4)]

const world = useStandIns()

let undisturbed: { inProcess: UndisturbedInProcess; whole: UndisturbedWhole }
let client: RegistryClient
let tried = 0
/** Milliseconds */
let began: number
const survived = new Set<string>()

beforeAll(async () => {
  client = openTestClient()
  undisturbed = { inProcess: await runInProcess(), whole: await runWhole(world()) }
  for (const { state } of Object.values(undisturbed)) expect(Object.keys(state)).toHaveLength(2)
  began = performance.now()
}, 15 * minutes)

afterAll(() => {
  client.close()
  const seconds = (performance.now() - began) / 1000
  process.stdout.write(
    `fault matrix: ${tried} tried, ${survived.size} survived; ${whole.length} were whole runs\n`,
  )
  process.stdout.write(`It took ${seconds.toFixed()} s.\n`)
})

describe('the matrix', () => {
  it('has at least 214 combinations, all different', () => {
    expect(new Set(inProcess.map(({ name }) => name)).size).toBe(inProcess.length)
    expect(new Set(whole.map(({ name }) => name)).size).toBe(whole.length)
    expect(inProcess.length + whole.length).toBeGreaterThanOrEqual(214)
  })

  it('has a whole run for each kind of request and each fault', () => {
    const all = [...inProcess, ...whole]
    expect(new Set(whole.map(({ kind }) => kind))).toEqual(new Set(all.map(({ kind }) => kind)))
    const faultsOf = (some: typeof whole) => new Set(some.map(({ trouble }) => trouble.fault))
    expect(faultsOf(whole)).toEqual(faultsOf(all))
  })
})

describe('a run in this process succeeds or fails with one clear sentence at', () => {
  it.concurrent.each(inProcess.map((combination) => [combination.name, combination] as const))(
    '%s',
    async (name, combination) => {
      await sixteen(async () => {
        tried += 1
        const place = await openInProcess(combination, undisturbed.inProcess)
        await attempt(combination, place, undisturbed.inProcess.state)
        survived.add(name)
      })
    },
    6 * minutes,
  )
})

describe('a whole run succeeds or fails with one clear sentence at', () => {
  it.concurrent.each(whole.map((combination) => [combination.name, combination] as const))(
    '%s',
    async (name, combination) => {
      await four(async () => {
        const namespace = `${world().namespace}-${(tried += 1)}`
        const place = await openWhole(combination, namespace, world(), undisturbed.whole, client)
        await attempt(combination, place, undisturbed.whole.state)
        survived.add(`${name}, whole`)
      })
    },
    6 * minutes,
  )
})
