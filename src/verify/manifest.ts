import { listed } from '../text.ts'
import type { InheritedConfig, Leg } from '../plan/index.ts'
import { layerCompression, mediaTypes } from '../registry/index.ts'
import { judgeAddedBytes } from './added-bytes.ts'
import { type Candidate, type Limits, notSeen } from './candidate.ts'
import { failed, type Gate, passed, reportHint, waiverHint } from './gate.ts'

/** The gates on what was (or would be) pushed, in the order of `gateNames`. */
export function judgeManifest(leg: Leg, candidate: Candidate, limits: Limits): Gate[] {
  return [
    judgeImageConfig(leg, candidate),
    judgeAddedBytes(leg, candidate, limits),
    judgeMediaTypes(leg, candidate),
  ]
}

/** A value as a message shows it: environment variables can be long. */
function shown(value: string | string[] | undefined): string {
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

/** `wanted` of the image, which is what `from` has: the base, or the input that puts variables into the image */
type Difference = { field: string; from: string; wanted: string; image: string }

function differences(
  { base: { config: base }, environment: given }: Leg,
  image: InheritedConfig,
): Difference[] {
  const fields = [
    ['ENTRYPOINT', base.entrypoint, image.entrypoint],
    ['CMD', base.cmd, image.cmd],
    ['USER', base.user, image.user],
    ['WORKDIR', base.workingDir, image.workingDir],
    ['SHELL', base.shell, image.shell],
  ] as const
  const wanted = new Map([...environment(base), ...Object.entries(given)])
  const after = environment(image)
  const names = [...new Set([...wanted.keys(), ...after.keys()])]
  return [
    ...fields.map(([field, left, right]) => ({
      field,
      from: 'the base',
      wanted: shown(left),
      image: shown(right),
      same: same(left, right),
    })),
    ...names.map((name) => ({
      field: `ENV ${name}`,
      from: Object.hasOwn(given, name) ? 'the input environment' : 'the base',
      wanted: shown(wanted.get(name)),
      image: shown(after.get(name)),
      same: wanted.get(name) === after.get(name),
    })),
  ]
    .filter((difference) => !difference.same)
    .map(({ field, from, wanted: value, image: found }) => ({ field, from, wanted: value, image: found }))
}

function same(left: string | string[], right: string | string[]): boolean {
  return JSON.stringify(left) === JSON.stringify(right)
}

/**
 * ENTRYPOINT, CMD, USER, WORKDIR, SHELL and ENV are the base's: who runs the base today runs the image without a change. Only the
 * variables of the input `environment` are added, or replace the base's.
 */
export function judgeImageConfig(leg: Leg, candidate: Candidate): Gate {
  const name = 'image-config'
  const given = Object.keys(leg.environment).sort()
  const added = given.length === 0 ? '' : `, and ${listed(given)} as in the input environment`
  const expected = `ENTRYPOINT, CMD, USER, WORKDIR, SHELL and ENV as in the base${added}`
  if (candidate.known === 'nothing') return notSeen(name, expected, candidate)
  const found = differences(leg, candidate.config)
  const first = found[0]
  if (!first) return passed(name, { expected, actual: `as in the base${added}` })
  const judgement = {
    expected,
    actual: listed(
      found.map(({ field, wanted, image }) => `${field}: ${wanted} became ${image}`),
      3,
    ),
  }
  return failed(
    name,
    judgement,
    `${first.field} of ${first.from} is ${first.wanted}, the image has ${first.image}; ${reportHint}.`,
  )
}

/** Windows base layers, which some images of the past carry; every Docker knows them. */
const foreign = /\.(?:foreign|nondistributable)\./

/** What Docker can pull under a manifest of each kind. */
const pullable: Record<string, readonly string[]> = {
  [mediaTypes.ociManifest]: [mediaTypes.ociLayer, mediaTypes.ociLayerGzip, mediaTypes.ociLayerZstd],
  [mediaTypes.dockerManifest]: [mediaTypes.dockerLayer, mediaTypes.dockerLayerGzip],
}

/**
 * Every layer's media type fits the manifest and can be pulled by every Docker; new layers are compressed as the base's.
 * A zstd base under a Docker manifest gets layers of type `…rootfs.diff.tar.zstd`: the push is green, the pull is not.
 */
export function judgeMediaTypes(leg: Leg, candidate: Candidate): Gate {
  const name = 'media-types'
  const compressions = new Set(
    leg.base.layers.map(({ mediaType }) => layerCompression(mediaType) ?? 'unknown'),
  )
  // An uncompressed base (`docker import`) says nothing about what its users can pull; gzip is what all can.
  if (compressions.delete('none') && compressions.size === 0) compressions.add('gzip')
  const wanted = compressions.size === 0 ? 'any compression' : [...compressions].join(' or ')
  const expected = `layers that every Docker can pull, new ones ${wanted}`
  if (candidate.known !== 'manifest') return notSeen(name, expected, candidate)
  const allowed = pullable[candidate.mediaType]
  if (!allowed)
    return failed(
      name,
      { expected, actual: candidate.mediaType },
      `What was pushed is not a plain image manifest, so it can't be judged or published; ${reportHint}.`,
    )
  const present = [...new Set(candidate.layers.map(({ mediaType }) => mediaType))]
  const judgement = { expected, actual: listed(present.map(shortType)) }
  const strange = present.find((mediaType) => !allowed.includes(mediaType) && !foreign.test(mediaType))
  if (strange === mediaTypes.dockerLayerZstd)
    return failed(
      name,
      judgement,
      `The base has zstd layers and the image was exported with Docker media types, which no Docker can pull; ${reportHint}.`,
    )
  if (strange !== undefined)
    return failed(
      name,
      judgement,
      `Layers of type ${strange} do not belong under ${candidate.mediaType}; ${reportHint}.`,
    )
  const others = candidate.layers
    .slice(leg.base.layers.length)
    .map(({ mediaType }) => layerCompression(mediaType) ?? 'unknown')
    .find((compression) => compressions.size > 0 && !compressions.has(compression))
  if (others !== undefined)
    return failed(
      name,
      judgement,
      `The base's layers are ${wanted}, the new ones ${others}; ${reportHint}, or ${waiverHint(name)}.`,
    )
  return passed(name, judgement)
}

function shortType(mediaType: string): string {
  return mediaType.replace(/^application\/vnd\./, '')
}
