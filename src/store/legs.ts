import type { Leg } from '../plan/plan.ts'
import { reportTag, stagedTag } from './tags.ts'
import { emptyConfig, getArtifact, putArtifact } from '../registry/artifact.ts'
import type { RegistryClient } from '../registry/client.ts'
import { copyManifest } from '../registry/copy.ts'
import type { Digest } from '../registry/content/digest.ts'
import type { Repository } from '../registry/content/reference.ts'

const reportType = 'application/vnd.aibrix.image-action.report.v1+json'

/** Bytes; a report has about 50 kB. */
const reportLimit = 4 * 1024 * 1024

type Named = Pick<Leg, 'buildId' | 'architecture'>

/**
 * Marks a judged candidate as verified: first its report is stored, with the image as its subject, then the same manifest
 * gets the `build-…` tag, so that whatever is staged has a report.
 * @param report the JSON document
 * @returns the digest of the stored report
 */
export async function stage(
  client: RegistryClient,
  repository: Repository,
  leg: Named,
  digest: Digest,
  report: string,
): Promise<Digest> {
  const stored = await storeReport(client, repository, leg, digest, report)
  await copyManifest(client, { from: repository, to: repository, digest, tag: stagedTag(leg) })
  return stored
}

/**
 * Where two runs stage one leg at once, the report that is left can be that of the one that lost the tag.
 * @param stored the digest of the report that was stored with the image
 */
export async function keepReport(
  client: RegistryClient,
  repository: Repository,
  leg: Named,
  digest: Digest,
  report: string,
  stored: Digest,
): Promise<void> {
  const now = await client.getManifest(repository, reportTag(leg))
  if (now?.digest === stored) return
  const staged = await client.getManifest(repository, stagedTag(leg))
  if (staged?.digest === digest) await storeReport(client, repository, leg, digest, report)
}

async function storeReport(
  client: RegistryClient,
  repository: Repository,
  leg: Named,
  digest: Digest,
  report: string,
): Promise<Digest> {
  const subject = await client.getManifest(repository, digest)
  const artifact = { type: reportType, bytes: Buffer.from(report), subject }
  return putArtifact(client, repository, reportTag(leg), artifact)
}

/** @returns the stored report of a leg as JSON text, undefined if there is none */
export async function readStoredReport(
  client: Pick<RegistryClient, 'getManifest' | 'getBlob'>,
  repository: Repository,
  leg: Named,
): Promise<string | undefined> {
  const artifact = { type: reportType, limit: reportLimit }
  return (await getArtifact(client, repository, reportTag(leg), artifact))?.toString('utf8')
}

/**
 * Finds out before an hour of compiling whether the registry will take the result, by storing the two bytes that every
 * report's configuration has.
 * @throws UserError if the registry refuses
 */
export async function checkPushAccess(
  client: Pick<RegistryClient, 'putBlob'>,
  repositories: Repository[],
): Promise<void> {
  for (const repository of repositories) await client.putBlob(repository, emptyConfig)
}
