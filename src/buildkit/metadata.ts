import * as v from 'valibot'
import { UserError } from '../errors.ts'
import type { ProcessExit } from '../system/index.ts'
import { jsonOf } from '../json.ts'

/** What buildx reports about the image that it built (`--metadata-file`). */
export type BuildMetadata = {
  /**
   * Of what was pushed or stored: an index where there are attestations, else a manifest. Only a
   * registry can confirm it.
   */
  digest: string
  /** From buildx: the docker driver with the containerd store repeats `digest` here */
  configDigest: string | undefined
  descriptor: { mediaType: string; digest: string; size: number } | undefined
  /** buildx' name for this build */
  reference: string | undefined
}

const digest = v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/))

const schema = v.object({
  'containerimage.digest': digest,
  'containerimage.config.digest': v.optional(digest),
  'containerimage.descriptor': v.optional(v.object({ mediaType: v.string(), digest, size: v.number() })),
  'buildx.build.ref': v.optional(v.string()),
})

/**
 * Exit code 0 is not enough: a build has succeeded only if buildx also wrote the digest of the image.
 * @param content of the metadata file; undefined if there is none
 * @throws UserError that says how the call ended, or what is missing
 */
export function metadataOf(exit: ProcessExit, content: string | undefined): BuildMetadata {
  const problem = describeExit(exit)
  if (problem !== undefined) throw new UserError(`${problem}.`)
  const text = content?.trim() ?? ''
  if (text !== '' && !v.is(v.pipe(v.string(), v.parseJson()), text))
    throw noDigest('its metadata file is truncated')
  const result = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), text)
  if (!result.success) throw noDigest('left no digest of an image')
  return {
    digest: result.output['containerimage.digest'],
    configDigest: result.output['containerimage.config.digest'],
    descriptor: result.output['containerimage.descriptor'],
    reference: result.output['buildx.build.ref'],
  }
}

function noDigest(reason: string): UserError {
  return new UserError(`buildx ended without an error but ${reason}; the image does not count as built.`)
}

/** @returns undefined for a success. A shell and the docker CLI make code 128 + n of signal n. */
export function describeExit(exit: ProcessExit): string | undefined {
  if (exit.kind === 'signal') return `buildx was killed by ${exit.signal} in the middle of the build`
  if (exit.code === 0) return undefined
  if (exit.code === 137) return 'buildx was killed (exit code 137) in the middle of the build'
  return `buildx ended with exit code ${exit.code}`
}
