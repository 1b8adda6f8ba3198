import { UserError } from '../../errors.ts'
import { tagsOfBase } from '../../prune/index.ts'
import {
  formatReference,
  getArtifact,
  isAttestation,
  type Manifest,
  type RegistryClient,
  type Repository,
} from '../../registry/index.ts'
import { documents, parseTag, readReportHead, reportTag, tagsOfPlan } from '../../store/index.ts'

type Registry = Pick<RegistryClient, 'getManifest' | 'getBlob' | 'getImageConfig'>

/**
 * Reads what something new in the cache repository relies on: a plan on the legs that it found staged
 * and the facts of its bases, a leg on its report and its base, a report on the stage artifacts.
 * @returns tags of the cache repository, whether they exist or not
 * @throws UserError if it cannot be read
 */
export async function tagsNeededBy(
  tag: string,
  { parsed }: Manifest,
  repository: Repository,
  registry: Registry,
): Promise<string[]> {
  const stored = parseTag(tag)
  if (stored?.kind === 'plan') return tagsOfNewPlan(tag, repository, registry)
  if (stored?.kind === 'report') return tagsOfReport(tag, repository, registry)
  if (stored?.kind !== 'build') return []
  const report = reportTag(stored)
  return [
    report,
    ...(await tagsOfReport(report, repository, registry)),
    ...(await tagsOfImages(parsed, repository, registry)),
  ]
}

async function tagsOfNewPlan(tag: string, repository: Repository, registry: Registry): Promise<string[]> {
  const bytes = await getArtifact(registry, repository, tag, documents.plan)
  if (!bytes) return []
  const needs = tagsOfPlan(bytes.toString('utf8'))
  if (needs) return needs
  throw new UserError(
    `${formatReference({ ...repository, tag })} is new, and not a plan that this version of the action can read; nothing more is deleted, since it may rely on it.`,
  )
}

async function tagsOfReport(tag: string, repository: Repository, registry: Registry): Promise<string[]> {
  const bytes = await getArtifact(registry, repository, tag, documents.report)
  return readReportHead(bytes?.toString('utf8') ?? '')?.needs ?? []
}

async function tagsOfImages(
  parsed: Manifest['parsed'],
  repository: Repository,
  registry: Registry,
): Promise<string[]> {
  if (parsed.kind === 'image') return tagsOfBase(await registry.getImageConfig(repository, parsed))
  const tags: string[] = []
  for (const part of parsed.manifests) {
    const image = isAttestation(part) ? undefined : await registry.getManifest(repository, part.digest)
    if (image) tags.push(...(await tagsOfImages(image.parsed, repository, registry)))
  }
  return tags
}
