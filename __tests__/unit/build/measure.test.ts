import { describe, expect, it } from '@jest/globals'
import type { BuildCall } from '../../../src/build/argv.ts'
import { measureBase, measureImage, type MeasuringWorld } from '../../../src/build/measure.ts'
import type { Step } from '../../../src/build/steps.ts'
import { UserError } from '../../../src/errors.ts'
import { makeCall } from '../../support/build-calls.ts'
import { makeBase, makeImage, makeLeg } from '../../support/verified-leg.ts'

const leg = makeLeg()
const { context, dockerfile, secrets, options } = makeCall()
const call = { context, dockerfile, secrets, options }
const facts: Record<string, object> = {
  '/new/facts/base.json': makeBase(),
  '/new/facts/image.json': makeImage(),
}

/** A BuildKit that leaves these files. */
function worldOf(files: Record<string, object>) {
  const calls: BuildCall[] = []
  const world: MeasuringWorld = {
    build: (one) => {
      calls.push(one)
      return Promise.resolve({ steps: [], digest: undefined })
    },
    newPath: (name) => `/new/${name}`,
    readText: (path) => Promise.resolve(JSON.stringify(files[path])),
  }
  return { world, calls }
}

const steps: Step[] = []
const layers = { from: 'docker.io/x@sha256:1', to: 'docker.io/x:layers' }

describe('measuring', () => {
  it('the base asks BuildKit for its facts alone, without a layer cache', async () => {
    const { world, calls } = worldOf(facts)
    expect(await measureBase(leg, call, world, steps)).toEqual(makeBase())
    expect(calls).toEqual([{ ...call, leg, output: { kind: 'facts', directory: '/new/facts' } }])
  })

  it('what would be the image takes layers from the cache, and keeps none there', async () => {
    const { world, calls } = worldOf(facts)
    const measured = await measureImage(leg, call, layers, world, steps)
    expect(measured).toEqual({ base: makeBase(), image: makeImage() })
    const output = { kind: 'report', directory: '/new/facts' }
    expect(calls).toEqual([{ ...call, leg, layers: { from: layers.from, to: undefined }, output }])
  })

  it.each(['base.json', 'image.json'])('that leaves something else in %s is an error', async (name) => {
    const { world } = worldOf({ ...facts, [`/new/facts/${name}`]: { format: 2 } })
    const measured = measureImage(leg, call, layers, world, steps)
    await expect(measured).rejects.toThrow(UserError)
    await expect(measured).rejects.toThrow(
      `The measured facts in ${name} are not of the form that is known: `,
    )
  })
})
