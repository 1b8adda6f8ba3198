import { UserError } from '../errors.ts'
import type { PlanRequest } from '../plan/index.ts'
import { parseReference, type Reference } from '../registry/index.ts'
import { choice, optional } from './fields.ts'
import type { InputReader } from './problems.ts'

/**
 * Reads `base-image`. What it holds is compared with the one version that is asked for, and which the
 * tags name.
 * @param engines as read; empty if they were refused
 * @returns null without the input, or if it was refused
 */
export function readBaseImage(reader: InputReader, engines: PlanRequest['engines']): Reference | null {
  const given = optional(reader, 'base-image')
  const command = reader.read('command')
  // The other commands take the bases of a plan, or need none.
  if (given === undefined || !['run', 'plan', 'verify'].includes(command)) return null
  // A verification only looks for the base there.
  if (command !== 'verify' && engines.length > 0 && !isOneVersion(engines))
    reader.refuse(
      'base-image',
      'it with one engine, and one exact version of it in versions, such as engine: vllm and versions: v0.10.2',
      'an image for several versions',
    )
  try {
    const reference = parseReference(given)
    if (reference.tag !== undefined || reference.digest !== undefined) return reference
  } catch (error) {
    if (!(error instanceof UserError)) throw error
  }
  reader.refuse('base-image', 'an image with its tag or digest, such as ghcr.io/acme/vllm:v1')
  return null
}

/** Reads `base-compression`, which is about upstream's tags alone. */
export function readBaseCompression(reader: InputReader): PlanRequest['baseCompression'] {
  const wanted = choice(reader, 'base-compression', ['as-published', 'zstd']) ?? 'as-published'
  if (wanted === 'zstd' && optional(reader, 'base-image') !== undefined)
    reader.refuse(
      'base-compression',
      'it without base-image, which names one image itself',
      'zstd beside base-image',
    )
  return wanted
}

function isOneVersion(engines: PlanRequest['engines']): boolean {
  const [only, ...others] = engines
  const { include = [], exclude = [] } = only?.versions ?? {}
  return others.length === 0 && exclude.length === 0 && include.length === 1 && include[0]?.kind === 'exact'
}
