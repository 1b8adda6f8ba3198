import { UserError } from '../../errors.ts'
import type { Digest } from '../content/digest.ts'

/** Content was changed or cut off: bytes with another digest or length, or incomplete text. */
export class Damaged extends UserError {
  override name = 'Damaged'
}

/** The registry lost an upload before it was complete. */
export class LostUpload extends UserError {
  override name = 'LostUpload'
}

/** The registry does not return yet what it accepted: some answer from replicas that lag behind. */
export class NotThereYet extends UserError {
  override name = 'NotThereYet'
}

/** @throws Damaged if `name` has another digest than expected */
export function checkDigest(name: string, expected: Digest, actual: Digest): void {
  if (expected !== actual) {
    throw new Damaged(
      `${name} should have the digest ${expected}, but its bytes have ${actual}; they were changed in transit or in the registry.`,
    )
  }
}

/**
 * Compares a digest with the header Docker-Content-Digest, unless the registry uses another
 * algorithm.
 * @throws Damaged if they differ
 */
export function checkHeader(name: string, header: string | string[] | undefined, digest: Digest): void {
  if (typeof header === 'string' && header.startsWith('sha256:') && header !== digest) {
    throw new Damaged(
      `the registry says that ${name} is ${header.slice(0, 71)}, but its bytes are ${digest}; they were changed in transit or in the registry.`,
    )
  }
}
