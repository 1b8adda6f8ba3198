import type { Step } from './steps.ts'

/** The one reference that holds the layers of earlier builds on the same base. */
export type LayerCache = {
  /** `registry/path:tag` */
  reference: string
  /** Whether layers may be older than this build: not where it is made to have new answers of apt and pip */
  read: boolean
  /** Whether this run may push; one that may not, such as that of a pull request, only reads */
  write: boolean
}

/** What a call to BuildKit has to do with it: what is measured is read from it, what passed is written to it. */
export type LayerCacheUse = { kind: 'read' | 'write'; reference: string }

/**
 * @param compression that of the image: another one would make BuildKit compress and push each layer twice
 * @returns options of buildx by their names, each a list of `key=value`
 */
export function layerCacheOptions(
  { kind, reference }: LayerCacheUse,
  compression: 'gzip' | 'zstd',
): { name: '--cache-from' | '--cache-to'; fields: string[] } {
  const place = ['type=registry', `ref=${reference}`]
  if (kind === 'read') return { name: '--cache-from', fields: place }
  return {
    name: '--cache-to',
    fields: [
      ...place,
      'mode=min',
      // A finished image is not lost because its layers could not be kept.
      'ignore-error=true',
      'oci-mediatypes=true',
      // As a manifest, not an index of layers, which some registries refuse.
      'image-manifest=true',
      `compression=${compression}`,
    ],
  }
}

/**
 * BuildKit goes on without a cache that it can't read, and with ignore-error=true without one that it can't write: the error is
 * in the record of that step alone.
 * @param steps of all calls for a leg
 * @returns a sentence for each thing that went wrong; that there is nothing yet is none
 */
export function layerCacheProblems(steps: readonly Step[], reference: string): string[] {
  const failed = (name: RegExp): string | undefined =>
    steps.find((step) => name.test(step.name) && step.error !== undefined && !isAbsent(step))?.error
  const read = failed(/^importing cache/)
  const write = failed(/^exporting cache/)
  return [
    ...(read === undefined ? [] : [`The layer cache ${reference} could not be read: ${trimmed(read)}.`]),
    ...(write === undefined
      ? []
      : [
          `The layer cache ${reference} could not be written, so that the next build on this base takes longer: ${trimmed(write)}.`,
        ]),
  ]
}

/** `failed to configure registry cache importer: …: not found` (containerd's ErrNotFound, for the answer 404) */
export function isAbsent({ name, error }: Pick<Step, 'name' | 'error'>): boolean {
  return name.startsWith('importing cache') && (error ?? '').endsWith(': not found')
}

function trimmed(reason: string): string {
  return reason.replace(/^failed to configure registry cache importer: /, '').replace(/\.$/, '')
}
