import { mediaTypes } from '../../src/registry/content/media-types.ts'
import { digestOf } from '../../src/registry/content/digest.ts'
import { documents, reportTag } from '../../src/store/contents.ts'
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

const empty = (): Repository => ({ blobs: new Map(), manifests: new Map(), tags: new Map() })

/** @returns the digest of a manifest with this configuration and one layer */
function put(
  { blobs, manifests }: Repository,
  config: Buffer,
  configType: string,
  layer: Buffer,
  layerType = 'application/vnd.oci.image.layer.v1.tar+gzip',
) {
  const describe = (mediaType: string, bytes: Buffer) => {
    const digest = digestOf(bytes)
    blobs.set(digest, bytes)
    return { mediaType, digest, size: bytes.length }
  }
  const content = {
    ...{ schemaVersion: 2, mediaType: mediaTypes.ociManifest },
    config: describe(configType, config),
    layers: [describe(layerType, layer)],
  }
  const bytes = Buffer.from(JSON.stringify(content))
  const digest = digestOf(bytes)
  manifests.set(digest, { mediaType: mediaTypes.ociManifest, bytes })
  return digest
}
