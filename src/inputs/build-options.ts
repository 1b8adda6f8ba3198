import type { BuildOptions } from '../buildkit/index.ts'
import { choice, matching, optional, type Source } from './fields.ts'
import { quoted } from './problems.ts'
import { truthOf } from './yaml.ts'

const builderName = /^([A-Za-z0-9][A-Za-z0-9._-]*)?$/
const imageName = /^([a-z0-9][A-Za-z0-9._:/@-]*)?$/
const attestationOption = /^(|true|false|[a-z]+=[^\s]+(,[a-z]+=[^\s]+)*)$/

export function readBuildOptions(source: Source): BuildOptions {
  matching(source, 'builder', builderName, 'the name of a buildx builder')
  matching(source, 'buildkit-image', imageName, 'an image reference')
  const sbom = attestation(source, 'sbom', 'generator=<image>')
  return {
    builder: optional(source, 'builder'),
    buildkitImage: optional(source, 'buildkit-image'),
    network: choice(source, 'network', ['default', 'host']) ?? 'default',
    provenance: attestation(source, 'provenance', 'mode=max'),
    sbom: sbom === 'false' ? undefined : sbom,
    cache: choice(source, 'cache', ['registry', 'off']) ?? 'registry',
  }
}

/** For a boolean buildx knows `true` and `false` alone. @returns undefined if nothing was given */
function attestation(source: Source, name: string, example: string): string | undefined {
  const value = source.read(name)
  const option = String(truthOf(value) ?? value)
  if (!attestationOption.test(option))
    return source.problems.add(
      name,
      quoted(value),
      `true, false, or as --${name} of buildx takes it: ${example}`,
    )
  return option === '' ? undefined : option
}
