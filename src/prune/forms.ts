import { configMediaTypes, documentType, type ParsedManifest } from '../registry/index.ts'
import { documents, type StoredTag } from '../store/index.ts'

/** Of the configuration in a layer cache (BuildKit, cache/remotecache/v1/types) */
const layersConfig = 'application/vnd.buildkit.cacheconfig.v0'

const types = Object.values(documents).map(({ type }) => type)

/**
 * What a manifest is by its media types: the type of a document in either form, or an image, a layer
 * cache or an index. `images`: an index of images
 */
export type Form = (typeof types)[number] | 'image' | 'images' | 'layers' | 'index' | 'other'

/** @returns the form of a manifest, of an index without regard to what it names */
export function formOf(parsed: ParsedManifest): Exclude<Form, 'images'> {
  if (parsed.kind === 'index')
    return parsed.manifests.some(({ mediaType }) => mediaType === layersConfig) ? 'layers' : 'index'
  const stored = documentType(parsed)
  const document = types.find((type) => type === stored)
  if (document) return document
  if (parsed.config.mediaType === layersConfig) return 'layers'
  return configMediaTypes.includes(parsed.config.mediaType) ? 'image' : 'other'
}

/** Whether something of this form and digest is what a tag says. */
export function fits(tag: StoredTag, form: Form, digest: string): boolean {
  switch (tag.kind) {
    case 'build':
    case 'candidate':
      return form === 'image' || form === 'images'
    case 'base':
      return form === 'image' && tag.manifestDigest === digest
    case 'base-named':
      return form === 'images'
    case 'layers':
      return form === 'layers'
    case 'extension':
    case 'wheel':
    case 'ucx':
      return form === documents.artifact.type
    case 'facts':
    case 'report':
    case 'verified':
    case 'plan':
    case 'inventory':
      return form === documents[tag.kind].type
  }
}
