import { createHash } from 'node:crypto'
import { UserError } from '../../errors.ts'

/** `sha256:` and 64 lower-case hexadecimal digits; in practice, all registries use SHA-256. */
export type Digest = `sha256:${string}`

export function isDigest(text: string): text is Digest {
  return /^sha256:[0-9a-f]{64}$/.test(text)
}

/** @throws UserError if the text is not a digest */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text
  throw new UserError(`"${text}" is not a digest; expected sha256: and 64 hexadecimal digits in lower case.`)
}

export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
