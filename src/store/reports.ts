import { UserError } from '../errors.ts'
import type { Leg } from '../plan/index.ts'
import { documents, reportTag } from './contents.ts'
import {
  Damaged,
  type Digest,
  getArtifact,
  isDenied,
  type ParsedManifest,
  platformManifest,
  type RegistryClient,
  type Repository,
} from '../registry/index.ts'
import { type LegReport, parseReport } from './leg-report.ts'

type Reader = Pick<RegistryClient, 'getManifest' | 'getBlob'>

/** The image that a report has to be about. `parsed` can be left out where it has one platform, and is the leg as it was staged. */
export type Subject = { digest: Digest; parsed?: ParsedManifest }

/** `why` is a sentence about there being no report that counts. */
export type FoundReport = { report: LegReport } | { why: string }

/**
 * The stored report of a leg, if it is about this very image: it has a tag of its own, which a build takes before it takes the one
 * that means verified, so that between the two, or after a run that was killed there, it is about another image of the same leg.
 * @throws UserError if the registry does not answer
 */
export async function reportAbout(
  leg: Leg,
  subject: Subject,
  cacheRepository: Repository,
  registry: Reader,
): Promise<FoundReport> {
  const found = await readReport(leg, cacheRepository, registry)
  if ('why' in found || (await isAbout(found.report, leg, subject, cacheRepository, registry))) return found
  return { why: `The stored report is of another build, ${found.report.digest ?? 'which was not pushed'}.` }
}

async function readReport(leg: Leg, cacheRepository: Repository, registry: Reader): Promise<FoundReport> {
  const found = getArtifact(registry, cacheRepository, reportTag(leg), documents.report)
  const bytes = await found.catch((error: unknown) => {
    if (isDenied(error) || error instanceof Damaged) return { why: error.message }
    throw error
  })
  if (bytes === undefined) return { why: 'The cache repository has no report of it.' }
  if ('why' in bytes) return bytes
  try {
    return { report: parseReport(bytes.toString('utf8'), 'the stored report') }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return { why: error.message }
  }
}

/** A leg is an index where it has attestations, and an index over several platforms has its image and not the leg's index. */
async function isAbout(
  { digest, buildId, platform }: LegReport,
  leg: Leg,
  subject: Subject,
  cacheRepository: Repository,
  registry: Reader,
): Promise<boolean> {
  if (digest === null || buildId !== leg.buildId || platform !== leg.platform) return false
  const own = imageIn(subject.parsed, leg)
  if (digest === subject.digest || own === undefined) return digest === subject.digest
  if (digest === own) return true
  return imageIn((await registry.getManifest(cacheRepository, digest))?.parsed, leg) === own
}

function imageIn(parsed: ParsedManifest | undefined, { platform }: Leg): Digest | undefined {
  return parsed?.kind === 'index' ? platformManifest(parsed, platform)?.digest : undefined
}
