import type { Leg } from '../plan/index.ts'
import { type ImageLayer, layerCompression } from '../registry/index.ts'
import { humanBytes } from '../text.ts'
import { type Candidate, type Limits, notSeen } from './candidate.ts'
import { about, type Gate, type GateBuilder } from './gate.ts'

/**
 * Compressed sizes, in bytes.
 * @returns undefined if the image's lowest layers are not the base's
 */
export function layerSizes(
  leg: Leg,
  layers: ImageLayer[],
): { base: number; added: number; total: number } | undefined {
  const base = leg.base.layers
  if (!base.every((layer, position) => layers[position]?.digest === layer.digest)) return undefined
  const sum = (some: ImageLayer[]): number => some.reduce((total, { size }) => total + size, 0)
  return { base: sum(base), added: sum(layers.slice(base.length)), total: sum(layers) }
}

function gateWith({ addedBytes }: Limits): GateBuilder {
  return about('added-bytes', `at most ${humanBytes(addedBytes)} on top of the base`)
}

/** The image adds no more than the limit to its base, and shares the base's layers. */
export function judgeAddedBytes(leg: Leg, candidate: Candidate, limits: Limits): Gate {
  const gate = gateWith(limits)
  if (candidate.known !== 'manifest') return notSeen(gate, candidate)
  const sizes = layerSizes(leg, candidate.layers)
  if (sizes) return gateOfSize(sizes.added, limits, largest(candidate.layers.slice(leg.base.layers.length)))
  return gate
    .with(difference(leg.base.layers, candidate.layers))
    .fail(
      "BuildKit reused layers of an earlier build, such as the base's in another compression, so that every user would download them again",
      'use another builder',
      'run docker buildx prune first',
    )
}

/**
 * @param added bytes, compressed
 * @param suspect the largest layer, if known
 */
export function gateOfSize(added: number, limits: Limits, suspect?: string): Gate {
  const gate = gateWith(limits).with(humanBytes(added))
  if (added <= limits.addedBytes) return gate.pass()
  const where = suspect === undefined ? 'the largest layer' : `the largest layer (${suspect})`
  return gate.fail(
    `The image adds ${humanBytes(added)}, more than added-bytes-limit allows`,
    `look for build leftovers in ${where}`,
    'raise the limit',
  )
}

/** The first layer of the base that the image lacks, and what the image has instead. */
function difference(base: readonly ImageLayer[], layers: readonly ImageLayer[]): string {
  const position = base.findIndex(({ digest }, index) => layers[index]?.digest !== digest)
  const [wanted, found] = [base[position], layers[position]].map((layer) =>
    layer
      ? `${layer.digest.slice(0, 19)} (${layerCompression(layer.mediaType) ?? layer.mediaType})`
      : 'nothing',
  )
  return `layer ${position + 1} of ${base.length} of the base is ${wanted}, the image has ${found}`
}

function largest(layers: ImageLayer[]): string | undefined {
  const [layer] = layers.toSorted((left, right) => right.size - left.size)
  return layer && `${layer.digest.slice(0, 19)}, ${humanBytes(layer.size)}`
}
