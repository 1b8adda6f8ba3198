import type { TagIndex } from '../plan/index.ts'
import {
  copyManifest,
  type Digest,
  formatReference,
  getPlatformImage,
  type ImageConfig,
  putArtifact,
  type RegistryClient,
  type Repository,
} from '../registry/index.ts'
import {
  candidateTag,
  documents,
  type NamedLeg,
  type Now,
  type ReportedLeg,
  reportTag,
  stagedTag,
} from './contents.ts'
import { type FoundReport, reportAbout, type Subject } from './reports.ts'
import { type AgedLeg, readStaged, type Staged } from './staged-leg.ts'

/** What this run and others have built and verified. */
export type LegsReader = {
  /** Whether a leg is staged, at any age. @param questions number of legs asked for, see TagIndex */
  has: (leg: NamedLeg, questions: number) => Promise<boolean>
  /** The configuration of a staged leg's image; undefined if there is no image for its platform */
  config: (leg: ReportedLeg) => Promise<ImageConfig | undefined>
  read: (leg: AgedLeg) => Promise<Staged>
  /** The stored report of a leg, if it is about this very image */
  report: (leg: ReportedLeg, subject: Subject) => Promise<FoundReport>
  /** `registry/path:build-…` */
  nameOf: (leg: NamedLeg) => string
}

/** Where an image that is not fully judged is pushed. */
export type CandidatePlace = Repository & { tag: string }

/** What only a client that may write is asked, besides what it writes. */
export type LegsWriter = {
  /** The digest of the stored report of a leg, whatever it is about; undefined if there is none */
  reportDigest: (leg: NamedLeg) => Promise<Digest | undefined>
  /** Where a candidate is pushed. @param run as in `candidateTag` */
  candidate: (leg: NamedLeg, run: string) => CandidatePlace
  /**
   * Marks a judged candidate as verified. Its report is stored first, with the image as its
   * subject, so that whatever has a `build-…` tag has a report.
   * @param report the JSON document
   * @returns the digest of the stored report
   */
  stage: (leg: NamedLeg, digest: Digest, report: string) => Promise<Digest>
  /**
   * Stores the report of the staged image again, if another run has replaced it.
   * @param stored the digest of the report that was stored with the image
   */
  keepReport: (leg: NamedLeg, digest: Digest, report: string, stored: Digest) => Promise<void>
}

export function readLegsIn(
  registry: Pick<RegistryClient, 'getManifest' | 'getImageConfig' | 'getBlob'>,
  repository: Repository,
  tags: TagIndex,
): LegsReader {
  return {
    has: async (leg, questions) => {
      const known = await tags.knows(repository, stagedTag(leg), questions)
      return known ?? (await registry.getManifest(repository, stagedTag(leg))) !== undefined
    },
    config: async (leg) => {
      const found = await getPlatformImage(registry, repository, stagedTag(leg), leg.platform)
      return found?.image?.config
    },
    read: (leg) => readStaged(registry, repository, leg),
    report: (leg, subject) => reportAbout(leg, subject, repository, registry),
    nameOf: (leg) => formatReference({ ...repository, tag: stagedTag(leg) }),
  }
}

export function writeLegsIn(registry: RegistryClient, repository: Repository, now: Now): LegsWriter {
  const storeReport = async (leg: NamedLeg, digest: Digest, report: string): Promise<Digest> => {
    const subject = await registry.getManifest(repository, digest)
    const { type } = documents.report
    const artifact = { type, bytes: Buffer.from(report), subject, created: now() }
    return putArtifact(registry, repository, reportTag(leg), artifact)
  }
  return {
    reportDigest: (leg) => registry.resolveTag(repository, reportTag(leg)),
    candidate: (leg, run) => ({ ...repository, tag: candidateTag(leg, run) }),
    stage: async (leg, digest, report) => {
      const stored = await storeReport(leg, digest, report)
      await copyManifest(registry, { from: repository, to: repository, digest, tag: stagedTag(leg) })
      return stored
    },
    keepReport: async (leg, digest, report, stored) => {
      const current = await registry.getManifest(repository, reportTag(leg))
      if (current?.digest === stored) return
      const staged = await registry.getManifest(repository, stagedTag(leg))
      if (staged?.digest === digest) await storeReport(leg, digest, report)
    },
  }
}
