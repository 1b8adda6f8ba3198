import { layerCacheOptions } from './layer-cache.ts'
import { type ArtifactKind, engines, type Leg } from '../plan/index.ts'
import { type Compression, formatReference, layerCompression } from '../registry/index.ts'
import { UserError } from '../errors.ts'
import type { Layers } from '../store/index.ts'
import type { BuildOptions } from './options.ts'
import { components, sourceContexts, type SourceFolders } from './source-contexts.ts'

/** Build secrets: id → file that holds the value. */
export type SecretFiles = ReadonlyMap<string, string>

/** What a call to BuildKit leaves behind. */
export type BuildOutput =
  /** The facts of the base alone, those of base and image, or a stage artifact, as files in a folder */
  | { kind: 'facts' | 'report' | ArtifactKind; directory: string }
  | {
      kind: 'image'
      /** `registry/path:tag` */
      reference: string
      push: boolean
      compression: 'gzip' | 'zstd'
      labels: Record<string, string>
      /** For the index; left out where there will be none */
      annotations: Record<string, string>
      metadataFile: string
    }

export type BuildCall = {
  leg: Leg
  output: BuildOutput
  options: BuildOptions
  /** Folder that BuildKit gets as its context, and the Dockerfile in it */
  context: string
  dockerfile: string
  secrets: SecretFiles
  /**
   * Since when the image has to be made that replaces one because of its age. It becomes a part of the key of each of the image's own steps in
   * BuildKit's cache, so that they run again, and the image is made of exactly those that were measured.
   */
  newerThan?: string | undefined
  layers?: Layers
  sources?: SourceFolders
  /** Folders that take the place of stages */
  artifacts?: Partial<Record<ArtifactKind, string>>
}

/**
 * @returns build arguments of the Dockerfiles, the user's own first, which can't replace those that the build id stands for. Where a source
 *   is given, its address is left out, so that BuildKit knows the step again that built the same commit from elsewhere.
 */
export function buildArguments(
  leg: Leg,
  newerThan = '',
  sources: SourceFolders = {},
): Record<string, string> {
  const { aibrix, ucx } = leg
  return {
    ...leg.buildArguments,
    [engines[leg.engine].versionArgument]: leg.version.tag,
    AIBRIX_BRANCH: aibrix.ref,
    AIBRIX_COMMIT: aibrix.commit,
    ...(aibrix.repository.kind === 'url' && !sources.aibrix && { AIBRIX_REPO: aibrix.repository.url }),
    NIXL_VERSION: leg.nixlFrom === 'base' ? 'base' : leg.nixl,
    BASE_IMAGE: formatReference({ ...leg.base.repository, digest: leg.base.digest }),
    BASE_DIGEST: leg.base.manifestDigest,
    BASE_USER: leg.base.config.user,
    BASE_ENTRYPOINT: JSON.stringify(leg.base.config.entrypoint),
    // As it is said by hand, too: no tools.
    UCX_VERSION: ucx ? (leg.ucxVersion ?? '') : 'none',
    UCX_COMMIT: ucx?.commit ?? '',
    ...(ucx?.repository.kind === 'url' && !sources.ucx && { UCX_REPO: ucx.repository.url }),
    GPU_ARCHITECTURES: leg.gpuArchitectures === 'auto' ? 'auto' : leg.gpuArchitectures.join(' '),
    INTEGRATION: leg.integration,
    NEWER_THAN: newerThan,
  }
}

/** New layers are compressed as the base's last layer is, so that who can pull the base can pull the image. */
export function compressionOf(layers: readonly { mediaType: string }[]): 'gzip' | 'zstd' {
  const last = layers.map((layer): Compression | undefined => layerCompression(layer.mediaType)).at(-1)
  return last === 'zstd' ? 'zstd' : 'gzip'
}

/** @returns arguments of `docker` for this call */
export function buildxArguments(call: BuildCall): string[] {
  return [
    ...commonArguments(call, call.secrets),
    '--progress=rawjson',
    ...outputArguments(call, true),
    ...layerCacheArguments(call),
    '--',
    call.context,
  ]
}

/**
 * @returns whether the call makes an index over manifest and attestations. buildx attests provenance unless told not to
 *   (`BUILDX_NO_DEFAULT_ATTESTATIONS`, buildx' environment variables).
 */
export function makesIndex(options: BuildOptions, environment: NodeJS.ProcessEnv): boolean {
  if (options.sbom !== undefined && options.sbom !== 'false') return true
  if (options.provenance !== undefined) return !/^(?:false|disabled=true)$/.test(options.provenance)
  return !/^(?:1|t|true)$/i.test(environment.BUILDX_NO_DEFAULT_ATTESTATIONS ?? '')
}

/** What every call has, but for where its result goes. */
export function commonArguments(call: BuildCall, secrets: SecretFiles): string[] {
  const { leg, options } = call
  return [
    'buildx',
    'build',
    ...flag('--builder', options.builder),
    ...flag('--file', call.dockerfile),
    ...flag('--platform', leg.platform),
    ...flag('--network', options.network === 'default' ? undefined : options.network),
    ...Object.entries(buildArguments(leg, call.newerThan, call.sources)).flatMap(([name, value]) =>
      flag('--build-arg', `${name}=${value}`),
    ),
    ...components.flatMap((component) => folderContext(sourceContexts[component], call.sources?.[component])),
    ...Object.entries(call.artifacts ?? {}).flatMap(([stage, folder]) => folderContext(stage, folder)),
    ...[...secrets].flatMap(([id, file]) => flag('--secret', csv([`id=${id}`, `src=${file}`]))),
  ]
}

/** @param forUs whether the action itself makes the call, which alone pushes */
export function outputArguments({ output, options }: BuildCall, forUs: boolean): string[] {
  if (output.kind !== 'image')
    return [
      // The stage has the same name.
      ...flag('--target', output.kind),
      // This is no image: attestations would put their files beside it.
      ...flag('--provenance', 'false'),
      ...flag('--output', csv(['type=local', `dest=${output.directory}`])),
    ]
  const attributes = [
    'type=image',
    `name=${output.reference}`,
    `push=${output.push && forUs ? 'true' : 'false'}`,
    // Docker's media types have none for zstd, and what BuildKit writes instead can't be pulled.
    'oci-mediatypes=true',
    `compression=${output.compression}`,
  ]
  return [
    ...flag('--provenance', options.provenance),
    ...flag('--sbom', options.sbom),
    ...Object.entries(output.labels).flatMap(([key, value]) => flag('--label', `${key}=${value}`)),
    ...Object.entries(output.annotations).flatMap(([key, value]) =>
      flag('--annotation', `index:${key}=${value}`),
    ),
    ...flag('--output', csv(attributes)),
    ...(forUs ? flag('--metadata-file', output.metadataFile) : []),
  ]
}

function layerCacheArguments({ layers, output, leg }: BuildCall): string[] {
  if (layers === undefined) return []
  const compression = output.kind === 'image' ? output.compression : compressionOf(leg.base.layers)
  return layerCacheOptions(layers, compression).flatMap(({ name, fields }) => flag(name, csv(fields)))
}

/** With a slash at its end, because buildx takes a path that ends with `.git` for an address. */
function folderContext(name: string, folder: string | undefined): string[] {
  return folder === undefined ? [] : flag('--build-context', `${name}=${folder.replace(/\/*$/, '/')}`)
}

function flag(name: string, value: string | undefined): string[] {
  return value === undefined ? [] : [name, value]
}

/**
 * One line of RFC 4180, which is how buildx reads `--output` and `--secret`.
 * @throws UserError for a line break, which buildx' reader can't take
 */
export function csv(fields: readonly string[]): string {
  return fields
    .map((field) => {
      if (/[\r\n]/.test(field))
        throw new UserError(`buildx can't take a path or name with a line break: ${JSON.stringify(field)}.`)
      return /[",]|^\s|\s$/.test(field) ? `"${field.replaceAll('"', '""')}"` : field
    })
    .join(',')
}
