import type { RunsOn } from '../report/index.ts'
import { boolean, optional, parts } from './fields.ts'
import { type NamedImage, readImage } from './named-image.ts'
import { readRunners } from './platforms.ts'
import type { InputReader } from './problems.ts'

/** What `command: verify` measures. */
export type Verifying = {
  image: NamedImage
  /** As `docker run --gpus` takes them; undefined: none */
  gpus: string | undefined
}

/** Reads the inputs of `command: verify`. One runner has one platform. */
export function readVerifying(reader: InputReader): Verifying {
  if (parts(reader.read('platforms'), /[\s,]+/).length > 1)
    reader.refuse('platforms', 'one platform with command: verify')
  return { image: readImage(reader, true), gpus: readGpus(reader) }
}

const device = /^device=[\w.:-]+(?:,[\w.:-]+)*$/

function readGpus(reader: InputReader): string | undefined {
  const value = optional(reader, 'gpus')
  if (value === undefined || /^(?:all|[1-9]\d{0,2})$/.test(value)) return value
  // Docker reads this as CSV, in which a list of devices is one field.
  if (device.test(value)) return value.includes(',') ? `"${value}"` : value
  return reader.refuse('gpus', 'all, a number, or device=0')
}

/** Reads `require-verified`, which only `promote` knows how to meet. */
export function readRequirement(reader: InputReader, kind: string): boolean {
  const required = boolean(reader, 'require-verified') ?? false
  if (required && kind !== 'promote')
    reader.refuse(
      'require-verified',
      kind === 'run'
        ? 'it with command: promote, after jobs with command: verify: a run publishes what nobody could verify before'
        : 'it only with command: promote',
    )
  return required
}

/** Reads `verify-runners`. @returns nothing if it is empty, so that there is no second matrix */
export function readVerifyRunners(reader: InputReader): { verifyRunners?: ReadonlyMap<string, RunsOn> } {
  return reader.read('verify-runners') === '' ? {} : { verifyRunners: readRunners(reader, 'verify-runners') }
}
