import { BuildError } from './build-error.ts'
import type { BuildCall } from './argv.ts'
import type { Leg } from '../plan/index.ts'
import type { Step } from './steps.ts'
import { withoutFullStop } from '../text.ts'

/** Calls BuildKit. @throws UserError with the reason */
export type Build = (call: BuildCall, leg: Leg) => Promise<{ steps: Step[]; digest: string | undefined }>

/**
 * BuildKit goes on without a layer cache that it can't find, but not without a layer of one that it can't get. Such a build is
 * done again without the cache, as all that follow: what is measured after that is made of no cached layer, and replaces it.
 * @param warnings gets a sentence about it where the build works without
 */
export function tolerateLayers(build: Build, warnings: string[]): Build {
  let isUsable = true
  return async (call, leg) => {
    const from = call.layers?.from
    if (from === undefined) return build(call, leg)
    if (!isUsable) return build(withoutLayers(call), leg)
    try {
      return await build(call, leg)
    } catch (error) {
      if (!canBeOfLayers(error)) throw error
      const result = await build(withoutLayers(call), leg)
      isUsable = false
      warnings.push(
        `The layer cache ${from} could not be used, so that the image was made without it: ${withoutFullStop(error.reason)}.`,
      )
      return result
    }
  }
}

function withoutLayers(call: BuildCall): BuildCall {
  return { ...call, layers: { from: undefined, to: call.layers?.to } }
}

/** Not where what a step runs has failed, nor in the push, which is a step of its own with the docker driver. */
function canBeOfLayers(error: unknown): error is BuildError {
  return (
    error instanceof BuildError && !error.isOfStep && !/^(?:exporting|pushing) /.test(error.step?.name ?? '')
  )
}
