import { describe, expect, it } from '@jest/globals'
import { basename } from 'node:path'
import type { BuildCall } from '../../../src/buildkit/argv.ts'
import { measureBase, measureImage, type MeasuringWorld } from '../../../src/leg/measure.ts'
import type { Step } from '../../../src/buildkit/steps.ts'
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

const steps: Step[] = []
const layers = { from: 'docker.io/x@sha256:1', to: 'docker.io/x:layers' }

describe('measuring', () => {
  it('the base asks BuildKit for its facts alone, without a layer cache', async () => {
    const { world, calls } = worldOf(files)
    expect(await measureBase(leg, call, world, steps)).toEqual(asRoot(makeBase()))
    expect(calls).toEqual([{ ...call, leg, output: { kind: 'facts', directory: '/new/facts' } }])
  })

  it('what would be the image takes layers from the cache, and keeps none there', async () => {
    const { world, calls } = worldOf(files)
    const measured = await measureImage(leg, call, layers, world, steps)
    expect(measured).toEqual({ base: makeBase(), image: makeImage() })
    const output = { kind: 'report', directory: '/new/facts' }
    expect(calls).toEqual([{ ...call, leg, layers: { from: layers.from, to: undefined }, output }])
  })

  it.each(Object.keys(files))('that leaves something else in %s is an error', async (name) => {
    for (const text of ['{"format": 1}', '[]', '', '{']) {
      const { world } = worldOf({ ...files, [name]: text })
      const measured = measureImage(leg, call, layers, world, steps)
      await expect(measured).rejects.toThrow(UserError)
      await expect(measured).rejects.toThrow(
        /^The measured facts in (?:running-)?(?:base|image)\.json are not/,
      )
    }
  })
})
