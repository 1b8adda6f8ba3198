import { UserError } from '../errors.ts'
import { documents, type ReportedLeg, reportTag } from './contents.ts'
import {
  Damaged,
  type Digest,
  getArtifact,
  isDenied,
  type ParsedManifest,
  platformManifest,
  type RegistryClient,
  type RegistryRefusal,
  type Repository,
} from '../registry/index.ts'
import { type LegReport, parseReport } from './leg-report.ts'

type Reader = Pick<RegistryClient, 'getManifest' | 'getBlob'>

/** The image that a report must be about. `parsed` may be left out for a leg as it was staged. */
export type Subject = { digest: Digest; parsed?: ParsedManifest }

/** `why` is a sentence: why no report counts; `isUnreadable` if there may be one. */
export type FoundReport = { report: LegReport } | { why: string; isUnreadable?: true }

/** Whether a run goes on without a document: access to it is denied, or it is damaged. */
export function isUnreadable(error: unknown): error is RegistryRefusal | Damaged {
  return isDenied(error) || error instanceof Damaged
}

/**
 * Reads the stored report of a leg, if it is about this very image. A build stores it before the
 * tag that means verified: in between, or if it is killed there, it is about another image.
 * @throws UserError if the registry does not answer
 */
export async function reportAbout(
  leg: ReportedLeg,
  subject: Subject,
  cacheRepository: Repository,
  registry: Reader,
): Promise<FoundReport> {
  const found = await readReport(leg, cacheRepository, registry)
  if ('why' in found || (await isAbout(found.report, leg, subject, cacheRepository, registry))) return found
  return { why: `The stored report is of another build, ${found.report.digest ?? 'which was not pushed'}.` }
}

async function readReport(
  leg: ReportedLeg,
  cacheRepository: Repository,
  registry: Reader,
): Promise<FoundReport> {
  const bytes = await getArtifact(registry, cacheRepository, reportTag(leg), documents.report).catch(
    (error: unknown) => {
      if (isUnreadable(error)) return { why: error.message, isUnreadable: true } as const
      throw error
    },
  )
  if (bytes === undefined) return { why: 'The cache repository has no report of it.' }
  if ('why' in bytes) return bytes
  try {
    return { report: parseReport(bytes.toString('utf8'), 'the stored report') }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return { why: error.message, isUnreadable: true }
  }
}

/** A leg with attestations is an index; an index over platforms lists its image instead. */
async function isAbout(
  { digest, buildId, platform }: LegReport,
  leg: ReportedLeg,
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

function imageIn(parsed: ParsedManifest | undefined, { platform }: ReportedLeg): Digest | undefined {
  return parsed?.kind === 'index' ? platformManifest(parsed, platform)?.digest : undefined
}
