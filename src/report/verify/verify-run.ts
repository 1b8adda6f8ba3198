import type { KnownOfBase } from '../../verify/index.ts'
import type { VerifiedRecord } from '../../store/index.ts'
import type { Retried } from '../../system/index.ts'

/** An image that was measured and judged. */
export type VerifiedImage = {
  record: VerifiedRecord
  base: KnownOfBase['state']
  /** Where the record is; undefined if it was not stored */
  stored: string | undefined
}

/**
 * The result of `command: verify`. `duration` in milliseconds; `error` is a sentence: why nothing was
 * judged, or why the record is not stored.
 */
export type VerifyRun = {
  duration: number
  image?: VerifiedImage
  error?: string
  retried?: readonly Retried[]
}
