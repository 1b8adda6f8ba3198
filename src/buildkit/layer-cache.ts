import { formatReference } from '../registry/index.ts'
import type { LayerCache, Layers } from '../store/index.ts'
import type { Step } from './steps.ts'

/**
 * @param compression that of the image: another one would make BuildKit compress and push each layer twice
 * @returns options of buildx, each with a list of `key=value`
 */
export function layerCacheOptions(
  { from, to }: Layers,
  compression: 'gzip' | 'zstd',
): { name: '--cache-from' | '--cache-to'; fields: string[] }[] {
  const place = (reference: string): string[] => ['type=registry', `ref=${reference}`]
  const settings = [
    'mode=min',
    // A finished image is not lost because its layers could not be kept.
    'ignore-error=true',
    'oci-mediatypes=true',
    // As a manifest, not an index of layers, which some registries refuse.
    'image-manifest=true',
    `compression=${compression}`,
  ]
  return [
    ...(from === undefined ? [] : [{ name: '--cache-from' as const, fields: place(from) }]),
    ...(to === undefined ? [] : [{ name: '--cache-to' as const, fields: [...place(to), ...settings] }]),
  ]
}

/**
 * BuildKit goes on without a cache that it can't read, and with ignore-error=true without one that it can't write: the error is
 * in the record of that step alone.
 * @param steps of all calls for a leg
 * @returns a sentence for each thing that went wrong
 */
export function layerCacheProblems(
  steps: readonly Step[],
  { repository, tag }: Pick<LayerCache, 'repository' | 'tag'>,
): string[] {
  const reference = formatReference({ ...repository, tag })
  const failed = (name: RegExp): string | undefined =>
    steps
      .find((step) => name.test(step.name) && step.error !== undefined)
      ?.error?.replace(/^failed to configure registry cache importer: /, '')
      .replace(/\.$/, '')
  const read = failed(/^importing cache/)
  const write = failed(/^exporting cache/)
  return [
    ...(read === undefined ? [] : [`The layer cache ${reference} could not be read: ${read}.`]),
    ...(write === undefined
      ? []
      : [
          `The layer cache ${reference} could not be written, so that the next build on this base takes longer: ${write}.`,
        ]),
  ]
}
