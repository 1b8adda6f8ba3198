import * as v from 'valibot'
import { isAttestation, type PlatformImage, type RegistryClient, type Repository } from '../registry/index.ts'
import { parsed } from '../json.ts'

/** Which attestations a run asks for by its inputs; what buildx adds by itself is not asked for. */
export type AskedAttestations = { provenance: 'none' | 'any' | 'max'; sbom: boolean }

export const noAttestations: AskedAttestations = { provenance: 'none', sbom: false }

/** @param options as `--provenance` and `--sbom` of buildx take them; undefined if they were not given */
export function askedAttestations(options: {
  provenance: string | undefined
  sbom: string | undefined
}): AskedAttestations {
  const { provenance = 'false', sbom = 'false' } = options
  const isOff = (value: string): boolean => /^(?:false|(?:.*,)?disabled=true(?:,.*)?)$/.test(value)
  const extent = /(?:^|,)mode=max(?:,|$)/.test(provenance) ? 'max' : 'any'
  if (isOff(provenance) && isOff(sbom)) return noAttestations
  return { provenance: isOff(provenance) ? 'none' : extent, sbom: !isOff(sbom) }
}

/** With which BuildKit says of a layer of an attestation what it states (BuildKit, docs/attestations/attestation-storage.md) */
const statement = 'in-toto.io/predicate-type'
/** With which it says what an attestation is about */
const subject = 'vnd.docker.reference.digest'

/** Bytes; provenance of the largest extent has the Dockerfile and each step, some 100 kB. */
const limit = 16 * 1024 * 1024

/** @returns which of the asked attestations an image lacks, as words */
export async function missingAttestations(
  registry: Pick<RegistryClient, 'getManifest' | 'getBlob'>,
  repository: Repository,
  { top, image }: PlatformImage,
  asked: AskedAttestations,
): Promise<string[]> {
  if (asked.provenance === 'none' && !asked.sbom) return []
  const entries = top.parsed.kind === 'index' ? top.parsed.manifests.filter(isAttestation) : []
  const own = entries.filter(({ annotations }) => annotations[subject] === image?.manifest.digest)
  const manifests = await Promise.all(own.map(({ digest }) => registry.getManifest(repository, digest)))
  const statements = manifests.flatMap((manifest) =>
    manifest?.parsed.kind === 'image' ? manifest.parsed.layers : [],
  )
  const about = (kind: RegExp) =>
    statements.filter(({ annotations }) => kind.test(annotations[statement] ?? ''))
  const provenance = about(/^https:\/\/slsa\.dev\/provenance\//)
  const missing: string[] = []
  if (asked.provenance !== 'none' && provenance.length === 0) missing.push('provenance')
  else if (asked.provenance === 'max') {
    const texts = await Promise.all(
      provenance.map(({ digest }) => registry.getBlob(repository, digest, limit)),
    )
    if (!texts.some(isComplete)) missing.push('provenance of mode=max')
  }
  if (asked.sbom && about(/^https:\/\/spdx\.dev\/|cyclonedx/).length === 0) missing.push('SBOM')
  return missing
}

/** Only provenance of the largest extent has how it was built, in the one format and in the other. */
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
