import { determinantsLabel, isSameRelease, type Leg } from '../plan/index.ts'
import type { Candidate, Limits } from './candidate.ts'
import { engineOf, type LegFacts } from './facts.ts'
import { about, type Gate, type GateName, rejudge, reportHint } from './gate.ts'
import type { GpuFacts } from './gpu/gpu-facts.ts'
import { judgeGpu } from './gpu/judge-gpu.ts'
import { judgeFacts } from './judge.ts'
import { judgeLabels } from './judge-labels.ts'
import { judgeManifest } from './manifest.ts'

/** What is known of the base of an image. Without one, the image was measured in its place. */
export type KnownOfBase =
  | { state: 'measured' }
  /** The labels name it, and it could not be found. `why` has no full stop */
  | { state: 'lost'; why: string }
  /** Nothing names it */
  | { state: 'unnamed' }

/** What an existing image is judged by. */
export type Expectation = {
  /** The image as its labels, or the versions that were given, describe it */
  leg: Leg
  /** Its labels, with the leg that they alone describe; undefined if they describe none */
  labelled: { leg: Leg; labels: Readonly<Record<string, string>> } | undefined
  /** Whether there are labels of this action all the same, which somebody must have changed */
  hasBrokenLabels?: boolean
  base: KnownOfBase
  /** The versions that were given for an image without labels */
  given: { engine: boolean; aibrix: boolean; nixl: boolean }
}

/** Measured in an image that exists. */
export type ExistingFacts = { facts: LegFacts; candidate: Candidate; gpu: GpuFacts | undefined }

/** Gates that compare an image with its base. */
const comparing: readonly GateName[] = [
  'torch-untouched',
  'environment-untouched',
  'pip-check',
  'entrypoint',
  'image-config',
  'added-bytes',
]

/** Gates on what only the action puts into an image. */
const ofTheAction: readonly GateName[] = ['integration', 'debug-tools', 'ucx-tools', 'ucx-loopback']

const givenFor = {
  engine: ['engine-version'],
  aibrix: ['aibrix-version', 'extension', 'gpu-architectures', 'kvcache-round-trip', 'gpu-cache-operator'],
  nixl: ['nixl-variant', 'nixl-ucx'],
} as const

/** Judges an image that exists, by every gate of a build and by those that only a verification has. */
export function judgeExisting(expected: Expectation, measured: ExistingFacts, limits: Limits): Gate[] {
  const { leg, labelled, base } = expected
  const { facts, candidate, gpu } = measured
  const gates = [
    ...judgeFacts(leg, facts),
    ...judgeManifest(leg, candidate, limits),
    labelled
      ? judgeLabels(labelled.leg, facts, labelled.labels, base.state === 'measured')
      : withoutLabels(expected.hasBrokenLabels === true),
    ...judgeGpu(leg, facts, gpu),
  ]
  const onEngine = gates.map((gate) =>
    gate.name === 'engine-version' && base.state !== 'measured' ? judgeEngine(leg, facts) : gate,
  )
  return followed(onEngine, reasonsOf(expected)).map(afterTheBuild)
}

/** What a build reports as its own fault may have happened after it. */
function afterTheBuild(gate: Gate): Gate {
  if (!('hint' in gate)) return gate
  return { ...gate, hint: gate.hint.replace(reportHint, changedLater) }
}

const changedLater =
  'if no gate of its build says so, it was changed since: do not use it, and build it again'

function withoutLabels(areBroken: boolean): Gate {
  const gate = about('labels', 'each label of this action says what was measured', 'none')
  if (!areBroken) return gate.notApplicable('this action did not build the image')
  return gate
    .with('some')
    .fail(
      `The image has labels of this action, and nothing can be read in ${determinantsLabel}`,
      'do not use this image: build it again',
      gate.waiver,
    )
}

/** Without a base, only the image can have the version. */
function judgeEngine(leg: Leg, { image }: LegFacts): Gate {
  const { engine, version } = leg
  const found = engineOf(leg, image)
  const actual = found ? `${found.name} ${found.version}` : `no ${engine}`
  const gate = about('engine-version', `${engine} ${version.release}`, actual)
  if (found && isSameRelease(version.release, found.version)) return gate.pass()
  return gate.fail(
    'The image has another engine version than it should',
    'do not use this image',
    gate.waiver,
  )
}

type Reasons = ReadonlyMap<GateName, { state: 'undetermined' | 'not applicable'; why: string }>

/** @returns why gates say nothing about this image */
function reasonsOf({ leg, labelled, base, given }: Expectation): Reasons {
  const reasons = new Map<GateName, { state: 'undetermined' | 'not applicable'; why: string }>()
  if (base.state === 'lost')
    for (const name of leg.nixlFrom === 'base' ? [...comparing, 'nixl-variant' as const] : comparing)
      reasons.set(name, { state: 'undetermined', why: base.why })
  if (labelled) return reasons
  const none = (names: readonly GateName[], why: string): void => {
    for (const name of names) reasons.set(name, { state: 'not applicable', why })
  }
  none(comparing, 'nothing names the base of this image')
  none(ofTheAction, 'this action did not build the image')
  if (!given.engine) none(givenFor.engine, 'versions has no exact version to compare with')
  if (!given.aibrix) none(givenFor.aibrix, 'aibrix-version has no exact version to compare with')
  if (!given.nixl) none(givenFor.nixl, 'nixl-version has no exact version to compare with')
  return reasons
}

/** A gate that follows from one without a verdict has none either. */
function followed(gates: readonly Gate[], reasons: Reasons): Gate[] {
  return gates.map((gate) => {
    const reason = reasons.get(gate.name) ?? (gate.state === 'follows' ? reasons.get(gate.from) : undefined)
    if (!reason) return gate
    const { undetermined, notApplicable } = rejudge({ ...gate, actual: 'not compared' })
    return reason.state === 'undetermined' ? undetermined(reason.why) : notApplicable(reason.why)
  })
}
