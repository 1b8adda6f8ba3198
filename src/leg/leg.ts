import { UserError } from '../errors.ts'
import type { Leg } from '../plan/index.ts'
import { type CandidatePlace, type LayerCache, type Layers, pinLayers } from '../store/index.ts'
import { type Digest, formatReference, getPlatformImage, parseDigest } from '../registry/index.ts'
import {
  type BaseFacts,
  type Candidate,
  type Gate,
  isBlocking,
  judgeBase,
  judgeFacts,
  judgeManifest,
  labelsOf,
  type LegFacts,
  rejudge,
  type Rules,
  waive,
} from '../verify/index.ts'
import {
  addSteps,
  type CallBuildKit,
  compressionOf,
  repeatedSteps,
  type Step,
  tolerateMissingLayers,
} from '../buildkit/index.ts'
import { withoutEmpty } from '../system/index.ts'
import { measureImage } from './measure.ts'
import { mountBase } from './mount-base.ts'
import { type Measured, measureOnStages } from './on-stages.ts'
import { type Origins, type StagesSettings, UnfitBase } from './stages.ts'
import type { LegWorld } from './world.ts'

export type LegBuild = {
  /** Undefined if a gate failed on the base alone, on which nothing was built then */
  facts: LegFacts | undefined
  /** What is known of the image; nothing if a gate on the facts failed first */
  candidate: Candidate
  gates: Gate[]
  /** Steps of all calls to BuildKit */
  steps: Step[]
  digest: Digest | undefined
  /** Where the stage artifacts came from */
  origins?: Origins
  /** Their names, under which the cache repository may have them */
  needs?: readonly string[]
  /** A sentence each */
  warnings: string[]
}

export type LegSettings = Omit<StagesSettings, 'layers' | 'judgeBase'> &
  Rules & {
    layerCache: LayerCache | undefined
    /** Where the image is until it is judged */
    candidate: CandidatePlace
    judge: 'all' | 'nothing'
    /** Whether the image is an index, which has annotations */
    index: boolean
  }

/** Repetitions if BuildKit forgets a step between measuring and building */
const repetitions = 2

/**
 * Provides the stages, measures the image that would be built, judges it, and only then builds the
 * candidate, in another call to BuildKit in which every RUN and COPY must come from the cache:
 * otherwise what was tested is not what is built.
 * @throws Impossible if the facts of the base rule the leg out; UserError if a build fails, or the
 *   registry does not confirm what was pushed
 */
export async function buildLeg(leg: Leg, given: LegSettings, outer: LegWorld): Promise<LegBuild> {
  const steps: Step[] = []
  const { warnings, ...layers } = await pinLayers(given.layerCache, outer.registry)
  const world = { ...outer, build: recordSteps(tolerateMissingLayers(outer.build, warnings), steps) }
  const onBase = (base: BaseFacts) => applyRules(judgeBase(leg, base), given)
  const mounting = given.push ? mountBase(leg.base, given.candidate, world.registry, world.say) : undefined
  try {
    const measured = await measureOnStages(leg, { ...given, layers, judgeBase: onBase }, world, warnings)
    await mounting
    const built = await buildMeasured(leg, given, world, { ...measured, layers, steps })
    return { ...built, warnings: [...warnings, ...measured.stages.warnings] }
  } catch (error) {
    if (!(error instanceof UnfitBase)) throw error
    const candidate = { known: 'nothing', reason: 'a gate failed on the base, so nothing was built' } as const
    // The others are judged on an image, and there is none.
    const gates = error.gates.filter((gate) => isBlocking(gate) || gate.state === 'waived')
    return { facts: undefined, candidate, gates, steps, digest: undefined, warnings }
  }
}

function recordSteps(build: CallBuildKit, steps: Step[]): CallBuildKit {
  return async (call, leg) => {
    const result = await build(call, leg)
    addSteps(steps, result.steps)
    return result
  }
}

/** @param steps those of all calls so far; grows with each call */
async function buildMeasured(
  leg: Leg,
  given: LegSettings,
  world: LegWorld,
  { facts: first, stages, layers, steps }: Measured & { layers: Layers; steps: Step[] },
): Promise<Omit<LegBuild, 'warnings'>> {
  const { folders, origins, needs } = stages
  const settings = { ...given, call: { ...given.call, artifacts: folders } }
  for (let repeated = 0, facts = first; ; repeated += 1) {
    if (repeated > 0) facts = await measureImage(leg, settings.call, layers, world)
    const gates = applyRules(judgeFacts(leg, facts), settings)
    const result = (candidate: Candidate, digest: Digest | undefined) => {
      const more = judgeManifest(leg, candidate, { addedBytes: settings.addedBytesLimit })
      const all = [...gates, ...applyRules(more, settings)]
      return { facts, candidate, gates: all, steps, digest, origins, needs }
    }
    const blocking = gates.find(isBlocking)
    if (blocking)
      return result({ known: 'nothing', reason: 'no image was built', because: blocking.name }, undefined)
    const before = [...steps]
    const labels = labelsOf(leg, facts, waivedGates(gates, settings))
    const built = await buildImage(leg, settings, layers, world, labels)
    const [again] = repeatedSteps(built.steps, before)
    if (!again) return result(await readCandidate(leg, settings, world, built.digest), built.digest)
    if (repeated === repetitions)
      throw new UserError(
        `BuildKit runs "${again.name}" again in each call, so what was tested would not be what is built: its sources change meanwhile, or its cache has too little space; give the builder more disk space.`,
      )
  }
}

async function buildImage(
  leg: Leg,
  settings: LegSettings,
  layers: Layers,
  world: LegWorld,
  labels: Record<string, string>,
) {
  const output = {
    kind: 'image',
    reference: formatReference(settings.candidate),
    push: settings.push,
    compression: compressionOf(leg.base.layers),
    labels,
    // An index inherits no annotation, so that none has to be emptied.
    annotations: settings.index ? withoutEmpty(labels) : {},
    metadataFile: world.newPath('metadata.json'),
  } as const
  const { steps, digest } = await world.build({ ...settings.call, leg, layers, output }, leg)
  if (digest === undefined) throw new UserError('BuildKit reported no digest for the image.')
  return { steps, digest: parseDigest(digest) }
}

/** What was pushed is read from the registry, not from BuildKit's report. */
async function readCandidate(
  leg: Leg,
  { candidate, push }: LegSettings,
  world: LegWorld,
  digest: Digest,
): Promise<Candidate> {
  const name = formatReference(candidate)
  const local = push ? undefined : await world.inspectImage(name)
  await world.forgetImage(name)
  if (!push)
    return local
      ? {
          known: 'config',
          config: local,
          reason: 'the image was not pushed, and only a registry has its compressed layers',
        }
      : { known: 'nothing', reason: 'the image was not pushed, and the engine does not have it' }
  // By its digest: another run that builds the same leg may have moved the tag meanwhile.
  const found = await getPlatformImage(world.registry, candidate, digest, leg.platform)
  if (!found)
    throw new UserError(
      `BuildKit reported that it pushed ${digest} as ${name}, but the registry does not have it; build again.`,
    )
  if (!found.image) throw new UserError(`The candidate ${name} holds no image for ${leg.platform}.`)
  const { manifest, config } = found.image
  return { known: 'manifest', mediaType: manifest.mediaType, config, layers: manifest.parsed.layers }
}

/** Applies waivers; with `verify: false` no gate applies. */
function applyRules(gates: Gate[], settings: LegSettings): Gate[] {
  if (settings.judge === 'all') return waive(gates, settings.waivers)
  return gates.map((gate) => rejudge(gate).notApplicable('verify is false'))
}

/** Gates on the manifest are judged after the labels are set: their waivers are always recorded. */
function waivedGates(gates: Gate[], { waivers }: LegSettings): Map<Gate['name'], string> {
  const passed = new Set(gates.filter(({ state }) => state !== 'waived').map(({ name }) => name))
  return new Map([...waivers].filter(([name]) => !passed.has(name)))
}
