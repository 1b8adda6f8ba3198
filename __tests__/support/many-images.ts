import { mediaTypes } from '../../src/registry/content/media-types.ts'
import { type Digest, digestOf } from '../../src/registry/content/digest.ts'
import { candidateTag, documents, reportTag, stagedTag } from '../../src/store/contents.ts'
import { serialiseReport } from '../../src/store/leg-report.ts'
import { labelsOf } from '../../src/verify/labels.ts'
import { legOf } from './published-images.ts'
import type { Content } from './registry-in-memory.ts'
import { factsOf, makeOutcomeReport } from './reports.ts'

type Repository = { blobs: Map<string, Buffer>; manifests: Map<string, Stored>; tags: Map<string, string> }
type Stored = { mediaType: string; bytes: Buffer }

/**
 * Returns the content of a registry with many published images and their reports, without requests.
 * @param many how many images, and how many tags each has
 */
export function imagesInMemory(
  published: string,
  cache: string,
  many: { images: number; tags: number },
): Content {
  const repositories = { [published]: empty(), [cache]: empty() }
  const [own, stored] = [repositories[published] ?? empty(), repositories[cache] ?? empty()]
  const layer = Buffer.from('no layer')
  for (let index = 0; index < many.images; index += 1) {
    const leg = legOf(`0.${index}.0`)
    const facts = factsOf(leg)
    const config = {
      ...{ os: 'linux', architecture: 'amd64', created: '2025-11-23T12:00:00Z' },
      config: { Labels: labelsOf(leg, facts, new Map()) },
    }
    const digest = put(own, Buffer.from(JSON.stringify(config)), mediaTypes.ociConfig, layer)
    for (let tag = 0; tag < many.tags; tag += 1) own.tags.set(`v0.${index}.0-2025112${tag}`, digest)
    const report = Buffer.from(serialiseReport(makeOutcomeReport(leg, facts, { digest })))
    const type = documents.report.type
    const about = put(stored, Buffer.from('{}'), mediaTypes.ociEmpty, report, type)
    stored.tags.set(reportTag(leg), about)
  }
  return new Map(Object.entries(repositories))
}

/**
 * Returns the content of a registry with many verified legs, each with four tags: build, candidate,
 * report and wheel.
 * @param created when each was stored, RFC 3339
 */
export function legsInMemory(cache: string, many: number, created: (index: number) => string): Content {
  const stored = empty()
  const layer = Buffer.from('no layer')
  for (let index = 0; index < many; index += 1) {
    const leg = legOf(`0.${index % 50}.0`, `0.7.${index}`)
    const annotations = { 'org.opencontainers.image.created': created(index) }
    const wheel = `wheel-${String(index).padStart(64, '0')}`
    const config = { os: 'linux', architecture: 'amd64', config: { Labels: { 'a.label': leg.buildId } } }
    const digest = put(stored, Buffer.from(JSON.stringify(config)), mediaTypes.ociConfig, layer)
    for (const tag of [stagedTag(leg), candidateTag(leg, '0123abcd')]) stored.tags.set(tag, digest)
    const report = makeOutcomeReport(leg, undefined, { digest, needs: [wheel] })
    const document = (type: string, text: string) =>
      put(stored, Buffer.from('{}'), mediaTypes.ociEmpty, Buffer.from(text), type, annotations)
    stored.tags.set(reportTag(leg), document(documents.report.type, serialiseReport(report)))
    stored.tags.set(wheel, document(documents.artifact.type, `wheel ${index}`))
  }
  return new Map([[cache, stored]])
}

const empty = (): Repository => ({ blobs: new Map(), manifests: new Map(), tags: new Map() })

/** Puts a manifest with this configuration and one layer. */
function put(
  { blobs, manifests }: Repository,
  config: Buffer,
  configType: string,
  layer: Buffer,
  layerType = 'application/vnd.oci.image.layer.v1.tar+gzip',
  annotations: Record<string, string> = {},
): Digest {
  const describe = (mediaType: string, bytes: Buffer) => {
    const digest = digestOf(bytes)
    blobs.set(digest, bytes)
    return { mediaType, digest, size: bytes.length }
  }
  const content = {
    ...{ schemaVersion: 2, mediaType: mediaTypes.ociManifest },
    config: describe(configType, config),
    layers: [describe(layerType, layer)],
    annotations,
  }
  const bytes = Buffer.from(JSON.stringify(content))
  const digest = digestOf(bytes)
  manifests.set(digest, { mediaType: mediaTypes.ociManifest, bytes })
  return digest
}
