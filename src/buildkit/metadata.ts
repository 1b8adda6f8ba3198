import * as v from 'valibot'
import { UserError } from '../errors.ts'
import type { ProcessExit } from '../system/index.ts'
import { jsonOf, parsed } from '../json.ts'

const metadata = v.object({
  'containerimage.digest': v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/)),
})
/**
 * @param content of buildx' `--metadata-file`; undefined if there is none
 * @returns digest of what was pushed or stored: an index where there are attestations, else a
 *   manifest. Only a registry can confirm it.
 * @throws UserError if it is missing: exit code 0 is not enough for a build to have succeeded
 */
export function digestIn(content = ''): string {
  const text = content.trim()
  const found = parsed(metadata, text)
  if (found) return found['containerimage.digest']
  const isTruncated = text !== '' && jsonOf(text) === undefined
  const reason = isTruncated ? 'its metadata file is truncated' : 'left no digest of an image'
  throw new UserError(`buildx ended without an error but ${reason}; the image does not count as built.`)
}

/** @returns undefined for a success. A shell and the docker CLI make code 128 + n of signal n. */
export function describeExit(exit: ProcessExit): string | undefined {
  if (exit.kind === 'signal') return `buildx was killed by ${exit.signal} in the middle of the build`
  if (exit.code === 0) return undefined
  if (exit.code === 137) return 'buildx was killed (exit code 137) in the middle of the build'
  return `buildx ended with exit code ${exit.code}`
}
