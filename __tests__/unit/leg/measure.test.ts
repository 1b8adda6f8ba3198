import { describe, expect, it } from '@jest/globals'
import { basename } from 'node:path'
import type { BuildCall } from '../../../src/buildkit/call.ts'
import { measureBase, measureImage } from '../../../src/leg/measure.ts'
import type { MeasuringWorld } from '../../../src/leg/world.ts'
import { UserError } from '../../../src/errors.ts'
import { makeCall } from '../../support/build-calls.ts'
import { asRoot, makeBase, makeImage, makeLeg } from '../../support/verified-leg.ts'
import { measuredFiles } from '../../support/measured-facts.ts'

const leg = makeLeg()
const { context, dockerfile, secrets, options } = makeCall()
const call = { context, dockerfile, secrets, options }
const files = measuredFiles({ base: makeBase(), image: makeImage() })

/** A BuildKit that leaves these files. */
function worldOf(left: Record<string, string>) {
  const calls: BuildCall[] = []
  const world: MeasuringWorld = {
    build: (one) => {
      calls.push(one)
      return Promise.resolve({ steps: [], digest: undefined })
    },
    newPath: (name) => `/new/${name}`,
    readText: (path) => Promise.resolve(left[basename(path)] ?? ''),
  }
  return { world, calls }
}

const layers = { from: 'docker.io/x@sha256:1', to: 'docker.io/x:layers' }

describe('measuring', () => {
  it('the base requests only its facts, without a layer cache', async () => {
    const { world, calls } = worldOf(files)
    expect(await measureBase(leg, call, world)).toEqual(asRoot(makeBase()))
    expect(calls).toEqual([{ ...call, leg, output: { kind: 'facts', directory: '/new/facts' } }])
  })

  it('the image reuses layers from the cache, and stores none there', async () => {
    const { world, calls } = worldOf(files)
    const measured = await measureImage(leg, call, layers, world)
    expect(measured).toEqual({ base: makeBase(), image: makeImage() })
    const output = { kind: 'report', directory: '/new/facts' }
    expect(calls).toEqual([{ ...call, leg, layers: { from: layers.from, to: undefined }, output }])
  })

  it.each(Object.keys(files))('that leaves an invalid %s is an error', async (name) => {
    for (const text of ['{"format": 1}', '[]', '', '{']) {
      const { world } = worldOf({ ...files, [name]: text })
      const measured = measureImage(leg, call, layers, world)
      await expect(measured).rejects.toThrow(UserError)
      await expect(measured).rejects.toThrow(
        /^The measured facts in (?:running-)?(?:base|image)\.json have an unknown format/,
      )
    }
  })
})
