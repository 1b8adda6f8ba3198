import { formatReference } from '../registry/index.ts'
import type { LayerCache, Layers } from '../store/index.ts'
import { BuildError } from './build-error.ts'
import type { BuildCall, CallBuildKit } from './call.ts'
import type { Step } from './steps.ts'
import { withoutFullStop } from '../text.ts'

/**
 * @param compression that of the image: with another, BuildKit would compress and push each layer
 *   twice
 * @returns options of buildx, each with a list of `key=value`
 */
export function layerCacheOptions(
  { from, to }: Layers,
  compression: 'gzip' | 'zstd',
): { name: '--cache-from' | '--cache-to'; fields: string[] }[] {
  const at = (reference: string): string[] => ['type=registry', `ref=${reference}`]
  const settings = [
    'mode=min',
    // A built image must not be lost because its layers could not be stored.
    'ignore-error=true',
    'oci-mediatypes=true',
    // As a manifest, not an index of layers, which some registries refuse
    'image-manifest=true',
    `compression=${compression}`,
  ]
  return [
    ...(from === undefined ? [] : [{ name: '--cache-from' as const, fields: at(from) }]),
    ...(to === undefined ? [] : [{ name: '--cache-to' as const, fields: [...at(to), ...settings] }]),
  ]
}

/**
 * BuildKit continues without a cache that it can't read, and with ignore-error=true without one
 * that it can't write: only that step has the error.
 * @param steps of all calls for a leg
 * @returns a sentence for each problem
 */
export function layerCacheProblems(
  steps: readonly Step[],
  { repository, tag }: Pick<LayerCache, 'repository' | 'tag'>,
): string[] {
  const reference = formatReference({ ...repository, tag })
  const problem = (stepName: RegExp, what: string): string[] => {
    const error = steps.find((step) => stepName.test(step.name) && step.error !== undefined)?.error
    if (error === undefined) return []
    const reason = withoutFullStop(error.replace(/^failed to configure registry cache importer: /, ''))
    return [`The layer cache ${reference} could not be ${what}: ${reason}.`]
  }
  return [
    ...problem(/^importing cache/, 'read'),
    ...problem(/^exporting cache/, 'written, so the next build on this base takes longer'),
  ]
}

/**
 * BuildKit tolerates a missing layer cache, but not a missing layer in one. A build that fails for
 * that is repeated without the cache, and all later ones skip it too: what is measured afterwards
 * has no cached layer, and replaces the cache.
 * @param warnings gets a sentence if the build succeeds without the cache
 */
export function tolerateMissingLayers(build: CallBuildKit, warnings: string[]): CallBuildKit {
  let isUsable = true
  return async (call, leg) => {
    const from = call.layers?.from
    if (from === undefined) return build(call, leg)
    if (!isUsable) return build(withoutLayers(call), leg)
    try {
      return await build(call, leg)
    } catch (error) {
      if (!isMissingLayer(error)) throw error
      const result = await build(withoutLayers(call), leg)
      isUsable = false
      const reason = withoutFullStop(error.reason)
      warnings.push(
        `The layer cache ${from} could not be used, so the image was built without it: ${reason}.`,
      )
      return result
    }
  }
}

function withoutLayers(call: BuildCall): BuildCall {
  return { ...call, layers: { from: undefined, to: call.layers?.to } }
}

/** Not if a step's program failed, nor the push, which is a step of the docker driver. */
function isMissingLayer(error: unknown): error is BuildError {
  return (
    error instanceof BuildError && !error.isOfStep && !/^(?:exporting|pushing) /.test(error.step?.name ?? '')
  )
}
