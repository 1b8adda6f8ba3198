import type { PlanRequest, Selectors } from '../plan/index.ts'
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

/** Of a branch or a commit of AIBrix, nobody knows which version it should have. */
export function isRelease(ref: string): boolean {
  return /^v?\d+\.\d+\.\d/.test(ref)
}

/** Refuses what an image cannot be compared with, and would not be. `default` is what nobody gave. */
export function refuseInexact(reader: InputReader, { engines, aibrix, nixl }: PlanRequest): void {
  const instead = 'with command: verify, with which the image is compared, or nothing'
  if (!engines.every(({ versions }) => isOneOrDefault(versions)))
    reader.refuse('versions', `one exact version of each engine ${instead}`)
  if (!isOneOrDefault(aibrix.versions, isRelease))
    reader.refuse('aibrix-version', `one release of AIBrix, such as v0.5.0, ${instead}`)
  if (!isOneOrDefault(nixl)) reader.refuse('nixl-version', `one exact version ${instead}`)
}

/** @returns whether there is one, or none was given; those that were refused are none */
function isOneOrDefault({ include, exclude }: Selectors, fits = (_: string): boolean => true): boolean {
  const [only, ...more] = include
  if (more.length > 0 || exclude.length > 0) return false
  return only === undefined || only.kind === 'default' || (only.kind === 'exact' && fits(only.tag))
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
