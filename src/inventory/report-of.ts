import type { Digest, ParsedManifest } from '../registry/index.ts'
import type { FoundReport, ReportedLeg, Store } from '../store/index.ts'
import type { Questions } from './questions.ts'
import type { ReadPlatform } from './read-image.ts'
import { type SharePackages, withReport } from './report-facts.ts'
import type { Warnings } from './warnings.ts'

/** Where reports are looked for. */
export type Reports = {
  legs: Pick<Store['legs'], 'report' | 'reportDigest'>
  questions: Questions
  share: SharePackages
  warnings: Warnings
}

/** The image that a report must be about. `parsed` is asked for only if there is a report to read. */
export type ReportSubject = {
  name: string
  digest: Digest
  parsed: () => Promise<ParsedManifest | undefined>
}

const noReport = 'The cache repository has no report of it.'
const noPlatform = 'Its platform is not one that a report can be of.'

/** The architecture becomes part of a tag. */
const platformPattern = /^[a-z0-9_.-]{1,50}(?:\/[a-z0-9_.-]{1,50}){1,2}$/

/**
 * Adds to a platform what its report says. A report that was looked at before still has its digest
 * and is not read again. What one about this very image said stays, also if that of another build
 * with the same build id has replaced it since.
 * @returns the platform itself if nothing of it changed
 */
export async function judged(
  platform: ReadPlatform,
  subject: ReportSubject,
  { legs, questions, share, warnings }: Reports,
): Promise<ReadPlatform> {
  const without = (reason: string, report: Digest | null): ReadPlatform => {
    const why = platform.gates === null ? reason : null
    return platform.report === report && platform.why === why ? platform : { ...platform, report, why }
  }
  if (platform.buildId === null) return platform
  if (!platformPattern.test(platform.platform)) return without(noPlatform, null)
  const leg = legOf(platform.buildId, platform)
  const answered = await questions.ask(async (): Promise<ReadPlatform> => {
    const digest = await legs.reportDigest(leg)
    if (digest === undefined) return without(noReport, null)
    if (digest === platform.report) return platform
    const found = await readReport(leg, subject, legs)
    if ('report' in found) return withReport(platform, found.report, digest, share)
    if (found.isUnreadable) warnings.add(`The report of ${subject.name}`, found.why)
    return without(found.why, found.isUnreadable ? null : digest)
  })
  if ('answer' in answered) return answered.answer
  warnings.add(`The report of ${subject.name}`, answered.unread.message)
  return without(answered.unread.message, null)
}

function legOf(buildId: string, { platform }: ReadPlatform): ReportedLeg {
  const [, architecture = ''] = platform.split('/')
  return { buildId, architecture, platform }
}

async function readReport(
  leg: ReportedLeg,
  { digest, parsed }: ReportSubject,
  legs: Reports['legs'],
): Promise<FoundReport> {
  const top = await parsed()
  return legs.report(leg, { digest, ...(top && { parsed: top }) })
}
