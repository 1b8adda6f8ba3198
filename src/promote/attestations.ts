import * as v from 'valibot'
import { isAttestation, type PlatformImage, type RegistryClient, type Repository } from '../registry/index.ts'
import { parsed } from '../json.ts'

/** The attestations that a run's inputs request, without those that buildx adds by default. */
export type RequestedAttestations = { provenance: 'none' | 'any' | 'max'; sbom: boolean }

export const noAttestations: RequestedAttestations = { provenance: 'none', sbom: false }

/** @param options values of buildx's `--provenance` and `--sbom`; undefined if not given */
export function requestedAttestations(options: {
  provenance: string | undefined
  sbom: string | undefined
}): RequestedAttestations {
  const { provenance = 'false', sbom = 'false' } = options
  const isOff = (value: string): boolean => /^(?:false|(?:.*,)?disabled=true(?:,.*)?)$/.test(value)
  const extent = /(?:^|,)mode=max(?:,|$)/.test(provenance) ? 'max' : 'any'
  if (isOff(provenance) && isOff(sbom)) return noAttestations
  return { provenance: isOff(provenance) ? 'none' : extent, sbom: !isOff(sbom) }
}

// BuildKit, docs/attestations/attestation-storage.md
/** The annotation that tells what a layer of an attestation states. */
const predicateType = 'in-toto.io/predicate-type'
/** The annotation that tells which image an attestation is about. */
export const attestedDigest = 'vnd.docker.reference.digest'

/** Bytes; provenance with mode=max has the Dockerfile and each step, some 100 kB. */
const limit = 16 * 1024 * 1024

/** @returns the requested attestations that an image lacks, in words */
export async function missingAttestations(
  registry: Pick<RegistryClient, 'getManifest' | 'getBlob'>,
  repository: Repository,
  { top, image }: PlatformImage,
  requested: RequestedAttestations,
): Promise<string[]> {
  if (requested.provenance === 'none' && !requested.sbom) return []
  const entries = top.parsed.kind === 'index' ? top.parsed.manifests.filter(isAttestation) : []
  const own = entries.filter(({ annotations }) => annotations[attestedDigest] === image?.manifest.digest)
  const manifests = await Promise.all(own.map(({ digest }) => registry.getManifest(repository, digest)))
  const statements = manifests.flatMap((manifest) =>
    manifest?.parsed.kind === 'image' ? manifest.parsed.layers : [],
  )
  const about = (kind: RegExp) =>
    statements.filter(({ annotations }) => kind.test(annotations[predicateType] ?? ''))
  const provenance = about(/^https:\/\/slsa\.dev\/provenance\//)
  const missing: string[] = []
  if (requested.provenance !== 'none' && provenance.length === 0) missing.push('provenance')
  else if (requested.provenance === 'max') {
    const texts = await Promise.all(
      provenance.map(({ digest }) => registry.getBlob(repository, digest, limit)),
    )
    if (!texts.some(isComplete)) missing.push('provenance of mode=max')
  }
  if (requested.sbom && about(/^https:\/\/spdx\.dev\/|cyclonedx/).length === 0) missing.push('SBOM')
  return missing
}

/** Only provenance with mode=max tells how the image was built, in either format. */
const complete = v.union([
  v.object({ predicate: v.object({ buildConfig: v.object({}) }) }),
  v.object({
    predicate: v.object({
      buildDefinition: v.object({ internalParameters: v.object({ buildConfig: v.object({}) }) }),
    }),
  }),
])

function isComplete(bytes: Buffer): boolean {
  return parsed(complete, bytes.toString('utf8')) !== undefined
}
