import type { Leg } from '../plan/plan.ts'
import { reportTag, stagedTag } from '../plan/stage-tags.ts'
import type { RegistryClient } from '../registry/client.ts'
import { copyManifest } from '../registry/copy.ts'
import type { Digest } from '../registry/digest.ts'
import { mediaTypes } from '../registry/manifest.ts'
import type { Repository } from '../registry/reference.ts'

const reportType = 'application/vnd.aibrix.image-action.report.v1+json'

/** The descriptor of `{}`, which an artifact without a configuration has (OCI image specification 1.1, manifest.md). */
const emptyConfig = Buffer.from('{}')

/** Bytes; a report has about 50 kB. */
const reportLimit = 4 * 1024 * 1024

type Named = Pick<Leg, 'buildId' | 'architecture'>

/**
 * Marks a judged candidate as verified: first its report is stored, with the image as its subject, then the same manifest
 * gets the `build-…` tag, so that whatever is staged has a report.
 * @param report the JSON document
 */
export async function stage(
  client: RegistryClient,
  repository: Repository,
  leg: Named,
  digest: Digest,
  report: string,
): Promise<void> {
  const image = await client.getManifest(repository, digest)
  const config = await client.putBlob(repository, emptyConfig)
  const bytes = Buffer.from(report)
  const layer = await client.putBlob(repository, bytes)
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    artifactType: reportType,
    config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: config, size: emptyConfig.length },
    layers: [{ mediaType: reportType, digest: layer, size: bytes.length }],
    ...(image && { subject: { mediaType: image.mediaType, digest, size: image.bytes.length } }),
  }
  await client.putManifest(
    repository,
    reportTag(leg),
    Buffer.from(JSON.stringify(manifest)),
    mediaTypes.ociManifest,
  )
  await copyManifest(client, { from: repository, to: repository, digest, tag: stagedTag(leg) })
}

/** @returns the stored report of a leg as JSON text, undefined if there is none */
export async function readStoredReport(
  client: Pick<RegistryClient, 'getManifest' | 'getBlob'>,
  repository: Repository,
  leg: Named,
): Promise<string | undefined> {
  const manifest = await client.getManifest(repository, reportTag(leg))
  const layer = manifest?.parsed.kind === 'image' ? manifest.parsed.layers[0] : undefined
  if (layer?.mediaType !== reportType) return undefined
  return (await client.getBlob(repository, layer.digest, reportLimit)).toString('utf8')
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
