import type { Judged } from '../promote/index.ts'
import { failedGates, isPassing, type StoreReader } from '../store/index.ts'

/** What `require-verified` needs: the verifications, and the scripts that must have made them. */
export type Requirement = {
  store: Pick<StoreReader, 'verified'>
  /** Undefined: nothing is required */
  verifiedBy: string | undefined
}

/**
 * Refuses an image that may be published and that nobody has verified, if that is required.
 * @param leg its platform, and its full name, as `image` of the command that verifies it takes it
 * @throws UserError if the registry does not answer
 */
export async function requireVerified(
  judged: Judged,
  { platform, name: image }: { platform: string; name: string },
  { store, verifiedBy }: Requirement,
): Promise<Judged> {
  if (judged.state !== 'staged' || verifiedBy === undefined) return judged
  const { stored, report } = judged
  const refused = (why: string): Judged => ({ state: 'refused', why, report })
  if (!stored.image) return refused(`It holds no image for ${platform}.`)
  const verification = { digest: stored.image.manifest.digest, scripts: verifiedBy }
  const record = await store.verified.read(verification)
  if (record && isPassing(record)) return judged
  const name = store.verified.nameOf(verification)
  const why = record ? failedGates(record.report) : 'It does not exist.'
  return refused(
    `require-verified: ${name} must say that ${verification.digest} is what it should be. ${why} ${advice(image, platform)}`,
  )
}

function advice(image: string, platform: string): string {
  return `Run command: verify with image: ${image} and platforms: ${platform}, and promote again.`
}
