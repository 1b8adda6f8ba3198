import * as v from 'valibot'
import { UserError } from '../errors.ts'
import type { ProcessExit } from '../system/index.ts'
import { jsonOf } from '../json.ts'

/** What buildx says about the image that it made (`--metadata-file`). Only a registry can confirm the digest. */
export type BuildMetadata = {
  /** Of what was pushed or stored: an index where there are attestations, else a manifest */
  digest: string
  /** As buildx gives it: the docker driver with the containerd store repeats `digest` here */
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
 * Exit code 0 is not enough: a build is done only if buildx also wrote the digest of what it made.
 * @param content of the metadata file; undefined if there is none
 * @throws UserError that says how the call ended, or what is missing
 */
export function metadataOf(exit: ProcessExit, content: string | undefined): BuildMetadata {
  assertSucceeded(exit)
  const nothing = 'buildx ended without an error but left no digest of an image; nothing is taken as built.'
  if (content === undefined || content.trim() === '') throw new UserError(nothing)
  const json = jsonOf(content)
  if (json === undefined)
    throw new UserError(
      'buildx ended without an error but its metadata file is cut off; nothing is taken as built.',
    )
  const result = v.safeParse(schema, json)
  if (!result.success) throw new UserError(nothing)
  return {
    digest: result.output['containerimage.digest'],
    configDigest: result.output['containerimage.config.digest'],
    descriptor: result.output['containerimage.descriptor'],
    reference: result.output['buildx.build.ref'],
  }
}

function assertSucceeded(exit: ProcessExit): void {
  const text = describeExit(exit)
  if (text !== undefined) throw new UserError(`${text}.`)
}

/** @returns how buildx ended, undefined for a success. Code 128 + n is what a shell or the docker CLI makes of signal n. */
export function describeExit(exit: ProcessExit): string | undefined {
  if (exit.kind === 'signal') return `buildx was killed by ${exit.signal} in the middle of the build`
  if (exit.code === 0) return undefined
  if (exit.code === 137) return 'buildx was killed (exit code 137) in the middle of the build'
  return `buildx ended with exit code ${exit.code}`
}
