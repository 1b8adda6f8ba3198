import type { BuildOptions } from '../build/options.ts'
import { choice, matching, optional, type Source } from './fields.ts'

const builderName = /^([A-Za-z0-9][A-Za-z0-9._-]*)?$/
const imageName = /^([a-z0-9][A-Za-z0-9._:/@-]*)?$/
const attestation = /^(|true|false|[a-z]+=[^\s]+(,[a-z]+=[^\s]+)*)$/

export function readBuildOptions(source: Source): BuildOptions {
  matching(source, 'builder', builderName, 'the name of a buildx builder')
  matching(source, 'buildkit-image', imageName, 'an image reference')
  matching(source, 'provenance', attestation, 'true, false, or as --provenance of buildx takes it: mode=max')
  matching(source, 'sbom', attestation, 'true, false, or as --sbom of buildx takes it: generator=<image>')
  return {
    builder: optional(source, 'builder'),
    buildkitImage: optional(source, 'buildkit-image'),
    network: choice(source, 'network', ['default', 'host']) ?? 'default',
    provenance: optional(source, 'provenance'),
    sbom: source.read('sbom') === 'false' ? undefined : optional(source, 'sbom'),
    cache: choice(source, 'cache', ['registry', 'off']) ?? 'registry',
  }
}
