import type { BuildOptions } from '../buildkit/index.ts'
import { choice, matching, optional } from './fields.ts'
import type { InputReader } from './problems.ts'
import { truthOf } from './yaml.ts'

const builderName = /^([A-Za-z0-9][A-Za-z0-9._-]*)?$/
const imageName = /^([a-z0-9][A-Za-z0-9._:/@-]*)?$/
const attestationOption = /^(|true|false|[a-z]+=[^\s]+(,[a-z]+=[^\s]+)*)$/

export function readBuildOptions(reader: InputReader): BuildOptions {
  matching(reader, 'builder', builderName, 'the name of a buildx builder')
  matching(reader, 'buildkit-image', imageName, 'an image reference')
  const sbom = attestation(reader, 'sbom', 'generator=<image>')
  return {
    builder: optional(reader, 'builder'),
    buildkitImage: optional(reader, 'buildkit-image'),
    network: choice(reader, 'network', ['default', 'host']) ?? 'default',
    provenance: attestation(reader, 'provenance', 'mode=max'),
    sbom: sbom === 'false' ? undefined : sbom,
    cache: choice(reader, 'cache', ['registry', 'off']) ?? 'registry',
  }
}

/**
 * Reads an attestation; buildx knows the booleans `true` and `false` only.
 * @returns undefined if it is empty
 */
function attestation(reader: InputReader, name: string, example: string): string | undefined {
  const value = reader.read(name)
  const option = String(truthOf(value) ?? value)
  if (!attestationOption.test(option))
    return reader.refuse(name, `true, false or a value of buildx's --${name}, such as ${example}`)
  return option === '' ? undefined : option
}
