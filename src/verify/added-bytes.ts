import type { Leg } from '../plan/index.ts'
import { type ImageLayer, layerCompression } from '../registry/index.ts'
import { type Candidate, type Limits, notSeen } from './candidate.ts'
import { failed, type Gate, passed } from './gate.ts'
import { humanBytes } from '../text.ts'

/** Where the base ends among the image's layers: sizes in bytes, compressed. Undefined if the base's layers are not its lowest ones. */
export function layerSizes(
  leg: Leg,
  layers: ImageLayer[],
): { base: number; added: number; total: number } | undefined {
  const base = leg.base.layers
  if (!base.every((layer, position) => layers[position]?.digest === layer.digest)) return undefined
  const sum = (some: ImageLayer[]): number => some.reduce((total, { size }) => total + size, 0)
  return { base: sum(base), added: sum(layers.slice(base.length)), total: sum(layers) }
}

/** What the image adds to its base is within the limit, and the base's layers are shared and not copied. */
export function judgeAddedBytes(leg: Leg, candidate: Candidate, limits: Limits): Gate {
  const name = 'added-bytes'
  const expected = expectedBytes(limits)
  if (candidate.known !== 'manifest') return notSeen(name, expected, candidate)
  const sizes = layerSizes(leg, candidate.layers)
  if (!sizes)
    return failed(
      name,
      { expected, actual: difference(leg.base.layers, candidate.layers) },
      'BuildKit took layers that it has from an earlier build, such as those of the base in another compression, so every user would download them again; use another builder, or run docker buildx prune before.',
    )
  return judgeSizes(sizes.added, limits, largest(candidate.layers.slice(leg.base.layers.length)))
}

/**
 * @param added bytes, compressed
 * @param suspect the largest layer, where it is known
 */
export function judgeSizes(added: number, limits: Limits, suspect?: string): Gate {
  const name = 'added-bytes'
  const judgement = { expected: expectedBytes(limits), actual: humanBytes(added) }
  if (added <= limits.addedBytes) return passed(name, judgement)
  const where = suspect === undefined ? 'the largest layer' : `the largest layer (${suspect})`
  return failed(
    name,
    judgement,
    `The image adds ${humanBytes(added)}, more than added-bytes-limit allows; look for build leftovers in ${where}, or raise the limit.`,
  )
}

function expectedBytes(limits: Limits): string {
  return `at most ${humanBytes(limits.addedBytes)} on top of the base`
}

/** The first layer of the base that the image has something else for. */
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
  const [first, ...others] = layers
  if (!first) return undefined
  const layer = others.reduce((left, right) => (right.size > left.size ? right : left), first)
  return `${layer.digest.slice(0, 19)}, ${humanBytes(layer.size)}`
}
