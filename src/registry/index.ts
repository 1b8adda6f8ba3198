export { checkPushAccess, documentType, downloadArtifact, getArtifact, putArtifact } from './artifact.ts'
export { credentialHelperRunner } from './auth/credential-helper.ts'
export { createCredentialLookup, type CredentialLookup, type ExplicitLogin } from './auth/credentials.ts'
export { hasCredentials, withoutUserInformation } from './auth/user-information.ts'
export type { BlobFile } from './blobs.ts'
export { createRegistryClient, defaultTimeouts, type RegistryClient } from './client.ts'
export { type Digest, digestOf, isDigest, parseDigest } from './content/digest.ts'
export { type ImageConfig, parseImageConfig } from './content/image-config.ts'
export {
  type Descriptor,
  type ImageIndex,
  type ImageLayer,
  type ImageManifest,
  isAttestation,
  type ParsedManifest,
  parseManifest,
  platformManifest,
} from './content/manifest.ts'
export { createdAnnotation } from './content/image-form.ts'
export {
  configMediaTypes,
  indexMediaTypes,
  layerCompression,
  manifestMediaTypes,
  mediaTypes,
} from './content/media-types.ts'
export { formatPlatform, isForPlatform, parsePlatform } from './content/platform.ts'
export {
  apiOrigin,
  dockerHub,
  familiarReference,
  familiarRepository,
  formatReference,
  formatRepository,
  isRepositoryPath,
  isTag,
  mayBePath,
  parseReference,
  parseRegistry,
  parseRepository,
  type Reference,
  type Repository,
  requestedRepository,
} from './content/reference.ts'
export { referrerTag, referrerTagSubject } from './content/referrer-tag.ts'
export { copyManifest, placeManifest } from './copy.ts'
export { copyReferrers } from './copy-referrers.ts'
export type { Condemned, Deleter, Removal } from './deletion/deleter.ts'
export { type DeletionAccess, openDeleter, publicApis } from './deletion/open-deleter.ts'
export { Damaged, LostUpload, NotThereYet } from './http/damage.ts'
export { isDenied, RegistryRefusal } from './http/failure.ts'
export { NoAnswer } from './http/no-answer.ts'
export { createTransport, type Transport } from './http/transport.ts'
export { type Manifest, nameOf } from './manifests.ts'
export { createOpenReader } from './open-reader.ts'
export { getPlatformImage, type PlatformImage } from './platform-image.ts'
