import { UserError } from '../errors.ts'
import {
  type Digest,
  formatReference,
  getArtifact,
  type Manifest,
  type RegistryClient,
  type Repository,
} from '../registry/index.ts'
import { documents, parseTag, readReportHead, type ReportHead, tagsOfPlan } from '../store/index.ts'
import { formOf } from './forms.ts'

/** What was read in documents: of reports by their tags, of plans by their digests. */
export type Documents = {
  reports: Map<string, ReportHead>
  /** Tags that a plan relies on */
  plans: Map<Digest, readonly string[]>
}

/**
 * Reads what a report or a plan says, if a manifest is one.
 * @param isWanted whether a plan is read: one may have megabytes, and only a young one counts
 * @throws UserError for a plan that this version cannot read; such a report says nothing
 */
export async function readDocument(
  registry: Pick<RegistryClient, 'getBlob'>,
  repository: Repository,
  manifest: Manifest,
  tags: readonly string[],
  { reports, plans }: Documents,
  isWanted: (plan: Manifest) => boolean,
): Promise<void> {
  const form = formOf(manifest.parsed)
  const text = async (tag: string, kind: { type: string; limit: number }): Promise<string> => {
    // The manifest was read already, and registries count this.
    const reader = { ...registry, getManifest: () => Promise.resolve(manifest) }
    return (await getArtifact(reader, repository, tag, kind))?.toString('utf8') ?? ''
  }
  for (const tag of tags) {
    const kind = parseTag(tag)?.kind
    if (kind === 'report' && form === documents.report.type) {
      const head = readReportHead(await text(tag, documents.report))
      if (head) reports.set(tag, head)
    } else if (kind === 'plan' && form === documents.plan.type && isWanted(manifest)) {
      const needs = tagsOfPlan(await text(tag, documents.plan))
      if (!needs)
        throw new UserError(
          `${formatReference({ ...repository, tag })} is not a plan that this version of the action can read, so what it relies on is not known; nothing is deleted: use a newer version, or delete this tag by hand.`,
        )
      plans.set(manifest.digest, needs)
    }
  }
}
