import { UserError } from '../errors.ts'
import type { ArtifactKind, Leg } from '../plan/index.ts'
import { type CandidatePlace, type LayerCache, type Layers, pinLayers } from '../store/index.ts'
import {
  type Digest,
  formatReference,
  getPlatformImage,
  type ImageConfig,
  parseDigest,
  type RegistryClient,
} from '../registry/index.ts'
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
import { addSteps, compressionOf, repeatedSteps, type Step, tolerateLayers } from '../buildkit/index.ts'
import type { Origin } from './artifacts.ts'
import { withoutEmpty } from '../system/index.ts'
import { measureImage } from './measure.ts'
import { type Measured, measureOnStages } from './on-stages.ts'
import { type StagesSettings, type StagesWorld, UnfitBase } from './stages.ts'

export type LegBuild = {
  /** Undefined where a gate failed on the base alone, on which nothing was built then */
  facts: LegFacts | undefined
  /** What is known of the image; nothing if a gate on the facts failed before it was made */
  candidate: Candidate
  gates: Gate[]
  /** Steps of all calls to BuildKit */
  steps: Step[]
  digest: Digest | undefined
  /** Where the stage artifacts came from */
  origins?: Record<ArtifactKind, Origin>
  /** A sentence each */
  warnings: string[]
}

export type LegSettings = Omit<StagesSettings, 'layers' | 'judgeBase'> &
  Rules & {
    layerCache: LayerCache | undefined
    /** Where the image goes until it is judged */
    candidate: CandidatePlace
    judge: 'all' | 'nothing'
    /** Whether BuildKit makes an index, which has annotations */
    index: boolean
  }

/** What building a leg needs of the world. */
export type LegWorld = StagesWorld & {
  registry: Pick<RegistryClient, 'getManifest' | 'getImageConfig'>
  /** The configuration of an image that was built and not pushed; undefined if the engine does not have it */
  inspectImage: (reference: string) => Promise<ImageConfig | undefined>
  /** Removes a candidate from the engine, where the docker driver leaves one */
  forgetImage: (reference: string) => Promise<void>
}

/** How often it is measured again because BuildKit had forgotten a step between measuring and building. */
const measureAgain = 2

/**
 * Has the stages ready, measures what would be built, judges it, and only then makes the candidate, in another call to
 * BuildKit in which every RUN and COPY must come from the cache: otherwise what was tested is not what was built.
 * @throws Impossible if the facts of the base speak against it; UserError if a build fails, or the registry does not
 *   confirm what was pushed
 */
export async function buildLeg(leg: Leg, given: LegSettings, outer: LegWorld): Promise<LegBuild> {
  const steps: Step[] = []
  const { warnings: layerWarnings, ...layers } = await pinLayers(given.layerCache, outer.registry)
  const world = { ...outer, build: tolerateLayers(outer.build, layerWarnings) }
  const onBase = (base: BaseFacts) => settle(judgeBase(leg, base), given)
  try {
    const measured = await measureOnStages(leg, { ...given, layers, judgeBase: onBase }, world, steps)
    return await buildMeasured(leg, given, world, { ...measured, layers, layerWarnings, steps })
  } catch (error) {
    if (!(error instanceof UnfitBase)) throw error
    const candidate = { known: 'nothing', reason: 'a gate failed on the base, so nothing was built' } as const
    // The others are judged on an image, and there is none.
    const gates = error.gates.filter((gate) => isBlocking(gate) || gate.state === 'waived')
    return { facts: undefined, candidate, gates, steps, digest: undefined, warnings: layerWarnings }
  }
}

/** @param layerWarnings gets those of later calls, too */
type Begun = Measured & { layers: Layers; layerWarnings: readonly string[]; steps: Step[] }

async function buildMeasured(
  leg: Leg,
  given: LegSettings,
  world: LegWorld,
  { stages: { folders, origins }, layers, layerWarnings, steps, ...first }: Begun,
): Promise<LegBuild> {
  const settings = { ...given, call: { ...given.call, artifacts: folders } }
  for (let attempt = 1, facts = first.facts; ; attempt += 1) {
    if (attempt > 1) facts = await measureImage(leg, settings.call, layers, world, steps)
    const gates = settle(judgeFacts(leg, facts), settings)
    const result = (candidate: Candidate, digest: Digest | undefined): LegBuild => ({
      facts,
      candidate,
      gates: [...gates, ...judgeCandidate(leg, candidate, settings)],
      ...{ steps, digest, origins, warnings: [...layerWarnings, ...first.warnings] },
    })
    const blocking = gates.find(isBlocking)
    if (blocking)
      return result({ known: 'nothing', reason: 'no image was made', because: blocking.name }, undefined)
    const labels = labelsOf(leg, facts, waivedGates(gates, settings))
    const made = await makeImage(leg, settings, layers, world, labels)
    const again = repeatedSteps(made.steps, steps)
    addSteps(steps, made.steps)
    if (again.length === 0) return result(await readCandidate(leg, settings, world, made.digest), made.digest)
    if (attempt > measureAgain)
      throw new UserError(
        `BuildKit repeats "${again[0]?.name ?? ''}" at each call, so what was tested would not be what is built: its sources change meanwhile, or its cache has too little room: give the builder more disk.`,
      )
  }
}

async function makeImage(
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
    // An index inherits nothing that would have to be set to nothing.
    annotations: settings.index ? withoutEmpty(labels) : {},
    metadataFile: world.newPath('metadata.json'),
  } as const
  const { steps, digest } = await world.build({ ...settings.call, leg, layers, output }, leg)
  if (digest === undefined) throw new UserError('BuildKit named no digest for the image that it made.')
  return { steps, digest: parseDigest(digest) }
}

/** The registry, not BuildKit, says what was pushed. */
async function readCandidate(
  leg: Leg,
  settings: LegSettings,
  world: LegWorld,
  digest: Digest,
): Promise<Candidate> {
  const name = formatReference(settings.candidate)
  if (!settings.push) {
    const reason = 'the image was not pushed, and only a registry has its layers compressed'
    const config = await world.inspectImage(name)
    await world.forgetImage(name)
    return config
      ? { known: 'config', config, reason }
      : { known: 'nothing', reason: 'the image was not pushed, and the engine does not have it' }
  }
  await world.forgetImage(name)
  // By its digest: another run that builds the same leg may have taken the tag meanwhile.
  const found = await getPlatformImage(world.registry, settings.candidate, digest, leg.platform)
  if (!found)
    throw new UserError(
      `BuildKit says that it pushed ${digest} as ${name}, but the registry does not have it; build again.`,
    )
  if (!found.image) throw new UserError(`The candidate ${name} holds no image for ${leg.platform}.`)
  const { manifest, config } = found.image
  return { known: 'manifest', mediaType: manifest.mediaType, config, layers: manifest.parsed.layers }
}

/** Waivers applied; with `verify: false` nothing is judged, and no gate applies. */
function settle(gates: Gate[], settings: LegSettings): Gate[] {
  if (settings.judge === 'all') return waive(gates, settings.waivers)
  return gates.map((gate) => rejudge(gate).notApplicable('verify is false'))
}

/** A gate on the manifest is judged when the labels are in the image already: its waiver is recorded in any case. */
function waivedGates(gates: Gate[], { waivers }: LegSettings): Map<Gate['name'], string> {
  const passed = new Set(gates.filter(({ state }) => state !== 'waived').map(({ name }) => name))
  return new Map([...waivers].filter(([name]) => !passed.has(name)))
}

function judgeCandidate(leg: Leg, candidate: Candidate, settings: LegSettings): Gate[] {
  return settle(judgeManifest(leg, candidate, { addedBytes: settings.addedBytesLimit }), settings)
}
