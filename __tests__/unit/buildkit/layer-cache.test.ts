import { describe, expect, it } from '@jest/globals'
import type { BuildCall } from '../../../src/buildkit/call.ts'
import { BuildError } from '../../../src/buildkit/build-error.ts'
import { tolerateMissingLayers } from '../../../src/buildkit/layer-cache.ts'
import { makeLeg } from '../../support/verified-leg.ts'
import { makeStep } from '../../support/buildkit.ts'
import { makeCall } from '../../support/build-calls.ts'

const leg = makeLeg()
const cache = { from: 'docker.io/aibrix/image-cache@sha256:1', to: 'docker.io/aibrix/image-cache:layers-1' }
const call: BuildCall = { ...makeCall(), layers: cache }

function failure(name: string, error: string, reason = error): BuildError {
  const step = makeStep({ id: name, name, completed: 2000, error })
  return new BuildError(reason, { reason, step, steps: [step], logFile: '/x' })
}

const lost = failure('[image 3/5] RUN install-nixl', 'failed to compute cache key: failed to copy: not found')

/** @param fails the error of a call @returns `used`: the layers of each call */
function scene(fails: (layers: BuildCall['layers']) => Error | undefined) {
  const used: BuildCall['layers'][] = []
  const warnings: string[] = []
  const build = tolerateMissingLayers((one) => {
    used.push(one.layers)
    const error = fails(one.layers)
    return error ? Promise.reject(error) : Promise.resolve({ steps: [], digest: undefined })
  }, warnings)
  return { build, used, warnings }
}

const without = { ...cache, from: undefined }

describe('a missing layer of the cache', () => {
  it('costs a second call and a warning, and later calls skip the cache and replace it', async () => {
    const { build, used, warnings } = scene((layers) => (layers?.from === undefined ? undefined : lost))
    await build(call, leg)
    await build(call, leg)
    expect(used).toEqual([cache, without, without])
    expect(warnings).toEqual([
      `The layer cache ${cache.from} could not be used, so the image was built without it: failed to compute cache key: failed to copy: not found.`,
    ])
  })

  it('is not blamed if the build fails without the cache too', async () => {
    const { build, used, warnings } = scene(() => lost)
    await expect(build(call, leg)).rejects.toBe(lost)
    expect(used).toEqual([cache, without])
    expect(warnings).toEqual([])
  })

  it.each<[string, Error]>([
    [
      'what a step runs',
      failure('[image 3/5] RUN x', 'process "x" did not complete successfully: exit code: 1'),
    ],
    ['the push', failure('exporting to image', 'failed to push: 401 Unauthorized')],
    ['the push of the docker driver', failure('pushing x/y:z with docker', '401 Unauthorized')],
    ['something else', new TypeError('x')],
  ])('is not blamed for %s', async (_, error) => {
    const { build, used } = scene(() => error)
    await expect(build(call, leg)).rejects.toBe(error)
    expect(used).toEqual([cache])
  })

  it('is not blamed if no cache was used', async () => {
    const { build, used } = scene(() => lost)
    await expect(build({ ...call, layers: without }, leg)).rejects.toBe(lost)
    expect(used).toEqual([without])
  })
})
