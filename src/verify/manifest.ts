import { listed } from '../text.ts'
import type { InheritedConfig, Leg } from '../plan/index.ts'
import { layerCompression, mediaTypes } from '../registry/index.ts'
import { judgeAddedBytes } from './added-bytes.ts'
import { type Candidate, type Limits, notSeen } from './candidate.ts'
import { about, type Gate, reportHint } from './gate.ts'

/** The gates on what was (or would be) pushed, in the order of `gateNames`. */
export function judgeManifest(leg: Leg, candidate: Candidate, limits: Limits): Gate[] {
  return [
    judgeImageConfig(leg, candidate),
    judgeAddedBytes(leg, candidate, limits),
    judgeMediaTypes(leg, candidate),
  ]
}

type Value = string | string[] | undefined

/** A value in a message: environment variables can be long. */
function shown(value: Value): string {
  const text =
    value === undefined ? 'not set' : typeof value === 'string' ? value || '""' : JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}

function environment({ env }: Pick<InheritedConfig, 'env'>): Map<string, string> {
  return new Map(
    env.map((entry) => {
      const equals = entry.indexOf('=')
      return equals < 0 ? [entry, ''] : [entry.slice(0, equals), entry.slice(equals + 1)]
    }),
  )
}

/** A field of the configuration. `from`: the source of `wanted` */
type Field = { field: string; from: string; wanted: Value; image: Value }

function fieldsOf({ base: { config: base }, environment: given }: Leg, image: InheritedConfig): Field[] {
  const fields = [
    ['ENTRYPOINT', 'entrypoint'],
    ['CMD', 'cmd'],
    ['USER', 'user'],
    ['WORKDIR', 'workingDir'],
    ['SHELL', 'shell'],
  ] as const
  const wanted = new Map([...environment(base), ...Object.entries(given)])
  const after = environment(image)
  const names = [...new Set([...wanted.keys(), ...after.keys()])]
  return [
    ...fields.map(([field, key]) => ({ field, from: 'the base', wanted: base[key], image: image[key] })),
    ...names.map((name) => ({
      field: `ENV ${name}`,
      from: Object.hasOwn(given, name) ? 'the input environment' : 'the base',
      wanted: wanted.get(name),
      image: after.get(name),
    })),
  ]
}

/**
 * ENTRYPOINT, CMD, USER, WORKDIR, SHELL and ENV are the base's, so that whoever runs the base can run
 * the image. Only the variables of the input `environment` are added or replaced.
 */
function judgeImageConfig(leg: Leg, candidate: Candidate): Gate {
  const given = Object.keys(leg.environment).sort()
  const added = given.length === 0 ? '' : `, and ${listed(given)} as in the input environment`
  const gate = about('image-config', `ENTRYPOINT, CMD, USER, WORKDIR, SHELL and ENV as in the base${added}`)
  if (candidate.known === 'nothing') return notSeen(gate, candidate)
  const changed = fieldsOf(leg, candidate.config)
    .filter(({ wanted, image }) => JSON.stringify(wanted) !== JSON.stringify(image))
    .map((one) => ({ ...one, wanted: shown(one.wanted), image: shown(one.image) }))
  const [first] = changed
  if (!first) return gate.with(`as in the base${added}`).pass()
  const changes = changed.map(({ field, wanted, image }) => `${field}: ${wanted} became ${image}`)
  return gate
    .with(listed(changes, 3))
    .fail(`${first.field} of ${first.from} is ${first.wanted}, the image has ${first.image}`, reportHint)
}

/** Windows base layers, which some old images contain; every Docker knows them. */
const foreign = /\.(?:foreign|nondistributable)\./

/** The layers that Docker can pull with each type of manifest. */
const pullable: Record<string, readonly string[]> = {
  [mediaTypes.ociManifest]: [mediaTypes.ociLayer, mediaTypes.ociLayerGzip, mediaTypes.ociLayerZstd],
  [mediaTypes.dockerManifest]: [mediaTypes.dockerLayer, mediaTypes.dockerLayerGzip],
}

function compressionOf({ mediaType }: { mediaType: string }): string {
  return layerCompression(mediaType) ?? 'unknown'
}

/**
 * Every layer's media type fits the manifest and can be pulled by every Docker; new layers are
 * compressed like the base's. A zstd base under a Docker manifest gets layers of type
 * `…rootfs.diff.tar.zstd`, which can be pushed and not pulled.
 */
function judgeMediaTypes(leg: Leg, candidate: Candidate): Gate {
  const compressions = new Set(leg.base.layers.map(compressionOf))
  // All users can pull gzip; an uncompressed base (`docker import`) does not show what they can pull.
  if (compressions.delete('none') && compressions.size === 0) compressions.add('gzip')
  const wanted = [...compressions].join(' or ') || 'any compression'
  const gate = about('media-types', `layers that every Docker can pull, new ones ${wanted}`)
  if (candidate.known !== 'manifest') return notSeen(gate, candidate)
  const { mediaType: manifest, layers } = candidate
  const allowed = pullable[manifest]
  if (!allowed)
    return gate
      .with(manifest)
      .fail(
        "The pushed manifest is not of a plain image, so that it can't be judged or published",
        reportHint,
      )
  const present = [...new Set(layers.map(({ mediaType }) => mediaType))]
  const seen = gate.with(listed(present.map((mediaType) => mediaType.replace(/^application\/vnd\./, ''))))
  const strange = present.find((mediaType) => !allowed.includes(mediaType) && !foreign.test(mediaType))
  if (strange === mediaTypes.dockerLayerZstd)
    return seen.fail(
      'The base has zstd layers and the image was exported with Docker media types, which no Docker can pull',
      reportHint,
    )
  if (strange !== undefined)
    return seen.fail(`Layers of type ${strange} do not belong under ${manifest}`, reportHint)
  const other = layers
    .slice(leg.base.layers.length)
    .map(compressionOf)
    .find((compression) => compressions.size > 0 && !compressions.has(compression))
  if (other === undefined) return seen.pass()
  return seen.fail(`The base's layers are ${wanted}, the new ones ${other}`, reportHint, gate.waiver)
}
