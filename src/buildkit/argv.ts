import {
  type BuildCall,
  type BuildOptions,
  certificatesContext,
  components,
  extraFilesContext,
  type SecretFiles,
  sourceContexts,
  type SourceFolders,
} from './call.ts'
import { layerCacheOptions } from './layer-cache.ts'
import { engines, type Leg } from '../plan/index.ts'
import { formatReference, layerCompression } from '../registry/index.ts'
import { UserError } from '../errors.ts'

/**
 * @returns build arguments of the Dockerfiles. The user's own come first, since they can't replace
 *   those that the build id stands for. A source that is given has no address, so that the same
 *   commit from elsewhere is the same step to BuildKit.
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
    // `none` as in a build by hand: no tools
    UCX_VERSION: ucx ? (leg.ucxVersion ?? '') : 'none',
    UCX_COMMIT: ucx?.commit ?? '',
    ...(ucx?.repository.kind === 'url' && !sources.ucx && { UCX_REPO: ucx.repository.url }),
    GPU_ARCHITECTURES: leg.gpuArchitectures === 'auto' ? 'auto' : leg.gpuArchitectures.join(' '),
    INTEGRATION: leg.integration,
    NEWER_THAN: newerThan,
    ...(leg.extraPackages.length > 0 && { EXTRA_PACKAGES: leg.extraPackages.join('\n') }),
    ...(leg.extraFiles && { EXTRA_FILES: leg.extraFiles.digest }),
  }
}

/** New layers are compressed like the base's last: whatever pulls the base can pull the image. */
export function compressionOf(layers: readonly { mediaType: string }[]): 'gzip' | 'zstd' {
  const last = layers.at(-1)
  return last && layerCompression(last.mediaType) === 'zstd' ? 'zstd' : 'gzip'
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
 * @returns whether the image is an index of manifest and attestations. buildx attests provenance
 *   unless told not to (`BUILDX_NO_DEFAULT_ATTESTATIONS`, buildx' environment variables).
 */
export function producesIndex(options: BuildOptions, environment: NodeJS.ProcessEnv): boolean {
  if (options.sbom !== undefined && options.sbom !== 'false') return true
  if (options.provenance !== undefined) return !/^(?:false|disabled=true)$/.test(options.provenance)
  return !/^(?:1|t|true)$/i.test(environment.BUILDX_NO_DEFAULT_ATTESTATIONS ?? '')
}

/** What every call has, except its output. */
export function commonArguments(call: BuildCall, secrets: SecretFiles): string[] {
  const { leg, options } = call
  const values = Object.entries(buildArguments(leg, call.newerThan, call.sources))
  return [
    'buildx',
    'build',
    ...flag('--builder', options.builder),
    ...flag('--file', call.dockerfile),
    ...flag('--platform', leg.platform),
    ...flag('--network', options.network === 'default' ? undefined : options.network),
    ...values.flatMap(([name, value]) => flag('--build-arg', `${name}=${value}`)),
    ...components.flatMap((component) => folderContext(sourceContexts[component], call.sources?.[component])),
    ...folderContext(certificatesContext, call.certificates),
    ...folderContext(extraFilesContext, call.extraFiles),
    ...Object.entries(call.artifacts ?? {}).flatMap(([stage, folder]) => folderContext(stage, folder)),
    ...flag('--build-context', call.existing && `image=docker-image://${call.existing}`),
    ...[...secrets].flatMap(([id, file]) => flag('--secret', csv([`id=${id}`, `src=${file}`]))),
  ]
}

/** @param isOurs whether the action makes the call: a user who repeats it pushes nothing */
export function outputArguments({ output, options }: BuildCall, isOurs: boolean): string[] {
  if (output.kind !== 'image')
    return [
      // The stage has the same name.
      ...flag('--target', output.kind),
      // For a folder, attestations would be files beside the result.
      ...flag('--provenance', 'false'),
      ...flag(
        '--output',
        csv(output.kind === 'ahead' ? ['type=cacheonly'] : ['type=local', `dest=${output.directory}`]),
      ),
    ]
  const attributes = [
    'type=image',
    `name=${output.reference}`,
    `push=${output.push && isOurs ? 'true' : 'false'}`,
    // Docker's media types have none for zstd; what BuildKit writes instead can't be pulled.
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
    ...(isOurs ? flag('--metadata-file', output.metadataFile) : []),
  ]
}

function layerCacheArguments({ layers, output, leg }: BuildCall): string[] {
  if (layers === undefined) return []
  const compression = output.kind === 'image' ? output.compression : compressionOf(leg.base.layers)
  return layerCacheOptions(layers, compression).flatMap(({ name, fields }) => flag(name, csv(fields)))
}

/** Ends with a slash, because buildx takes a path that ends with `.git` for an address. */
function folderContext(name: string, folder: string | undefined): string[] {
  return folder === undefined ? [] : flag('--build-context', `${name}=${folder.replace(/\/*$/, '/')}`)
}

function flag(name: string, value: string | undefined): string[] {
  return value === undefined ? [] : [name, value]
}

/**
 * Joins fields to a line of RFC 4180, as buildx reads `--output` and `--secret`.
 * @throws UserError for a line break, which buildx can't read
 */
export function csv(fields: readonly string[]): string {
  return fields
    .map((field) => {
      if (/[\r\n]/.test(field))
        throw new UserError(`buildx can't read a path or name with a line break: ${JSON.stringify(field)}.`)
      return /[",]|^\s|\s$/.test(field) ? `"${field.replaceAll('"', '""')}"` : field
    })
    .join(',')
}
