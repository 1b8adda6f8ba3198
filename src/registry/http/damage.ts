import { UserError } from '../../errors.ts'
import type { Digest } from '../content/digest.ts'

/** What came is not what was sent, or not all of it: bytes with another digest or length, text that breaks off. */
export class Damaged extends UserError {
  override name = 'Damaged'
}

/** The registry has forgotten an upload before it was complete. */
export class LostUpload extends UserError {
  override name = 'LostUpload'
}

/** What the registry took does not show yet: some have their answers from copies that are behind. */
export class NotThereYet extends UserError {
  override name = 'NotThereYet'
}

/** @throws Damaged: `name` should have one digest and has another */
export function checkDigest(name: string, expected: Digest, actual: Digest): void {
  if (expected !== actual) {
    throw new Damaged(
      `${name} should have the digest ${expected}, and its bytes have ${actual}; they were changed on the way or in the registry.`,
    )
  }
}

/**
 * Registries with another algorithm of their own choice say so here; there is nothing to compare then.
 * @param header Docker-Content-Digest
 * @throws Damaged
 */
export function checkHeader(name: string, header: string | string[] | undefined, digest: Digest): void {
  if (typeof header === 'string' && header.startsWith('sha256:') && header !== digest) {
    throw new Damaged(
      `the registry says that ${name} is ${header.slice(0, 71)}, and its bytes are ${digest}; they were changed on the way or in the registry.`,
    )
  }
}
