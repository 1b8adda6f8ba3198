import * as v from 'valibot'
import { UserError } from '../errors.ts'
import type { Leg } from '../plan/plan.ts'
import { candidateTag } from '../plan/stage-tags.ts'
import type { RegistryClient } from '../registry/client.ts'
import { type Digest, parseDigest } from '../registry/digest.ts'
import type { ImageConfig } from '../registry/manifest.ts'
import { getPlatformImage } from '../registry/platform-image.ts'
import { formatReference, type Repository } from '../registry/reference.ts'
import { factsSchema, type LegFacts } from '../verify/facts.ts'
import { type Gate, skipped, verdict, waive } from '../verify/gate.ts'
import { judgeFacts } from '../verify/judge.ts'
import { labelsOf } from '../verify/labels.ts'
import { type Candidate, judgeManifest } from '../verify/manifest.ts'
import { type BuildCall, compressionOf } from './argv.ts'
import type { LayerCache } from './layer-cache.ts'
import { type Step, uncachedSteps } from './steps.ts'

export type LegBuild = {
  facts: LegFacts
  /** What is known of the image; nothing if a gate on the facts failed before it was made */
  candidate: Candidate
  gates: Gate[]
  /** Steps of all calls to BuildKit */
  steps: Step[]
  digest: Digest | undefined
}

export type LegSettings = {
  call: Omit<BuildCall, 'leg' | 'output' | 'layerCache'>
  layerCache: LayerCache | undefined
  cacheRepository: Repository
  push: boolean
  judge: 'all' | 'nothing'
  waivers: ReadonlyMap<Gate['name'], string>
  /** bytes */
  addedBytesLimit: number
  /** Whether BuildKit makes an index, which has annotations */
  index: boolean
  /** Where the plan could not tell whether it can be built: says why not, from the base's facts; undefined if it can */
  objection: ((base: LegFacts['base']) => string | undefined) | undefined
}

/** What building a leg needs of the world. */
export type LegWorld = {
  registry: Pick<RegistryClient, 'getManifest' | 'getImageConfig'>
  /** Calls BuildKit. @throws UserError with the cause */
  build: (call: BuildCall, leg: Leg) => Promise<{ steps: Step[]; digest: string | undefined }>
  /** A new folder for the facts, or a new file for metadata */
  newPath: (name: string) => string
  readText: (path: string) => Promise<string>
  /** The configuration of an image that was built and not pushed; undefined if the engine does not have it */
  inspectImage: (reference: string) => Promise<ImageConfig | undefined>
  /** Removes a candidate from the engine, where the docker driver leaves one */
  forgetImage: (reference: string) => Promise<void>
}

/** A leg that the facts of its base speak against. */
export class Impossible extends UserError {
  override name = 'Impossible'
  /** A sentence without its end */
  readonly reason: string
  readonly base: LegFacts['base']

  constructor(leg: Leg, reason: string, base: LegFacts['base']) {
    super(`${leg.id} can't be built: ${reason}; choose other versions, or set force: true to try.`)
    this.reason = reason
    this.base = base
  }
}

/** How often it is measured again because BuildKit had forgotten a step between measuring and building. */
const measureAgain = 2

/**
 * Measures what would be built, judges it, and only then makes the candidate, in a second call to BuildKit in which
 * every RUN and COPY must come from the cache: otherwise what was tested is not what was built.
 * @throws UserError if a build fails, or the registry does not confirm what was pushed
 */
export async function buildLeg(leg: Leg, settings: LegSettings, world: LegWorld): Promise<LegBuild> {
  const steps: Step[] = []
  await refuseImpossible(leg, settings, world, steps)
  for (let attempt = 1; ; attempt += 1) {
    const facts = await measure(leg, settings, world, steps)
    const gates = settle(judgeFacts(leg, facts), settings)
    const result = (candidate: Candidate, digest: Digest | undefined): LegBuild => ({
      facts,
      candidate,
      gates: [...gates, ...judgeCandidate(leg, candidate, settings)],
      steps,
      digest,
    })
    if (verdict(gates) === 'fail')
      return result(
        { known: 'nothing', reason: 'a gate on the facts failed, so no image was made' },
        undefined,
      )
    const made = await makeImage(leg, settings, world, labelsOf(leg, facts, waivedGates(gates, settings)))
    addSteps(steps, made.steps)
    const again = uncachedSteps(made.steps)
    if (again.length === 0) return result(await readCandidate(leg, settings, world, made.digest), made.digest)
    if (attempt > measureAgain)
      throw new UserError(
        `BuildKit repeats "${again[0]?.name ?? ''}" at each call, so what was tested would not be what is built: its sources change meanwhile, or its cache has too little room.`,
      )
  }
}

/** Before anything is compiled. BuildKit does not measure the base again after this. */
async function refuseImpossible(
  leg: Leg,
  settings: LegSettings,
  world: LegWorld,
  steps: Step[],
): Promise<void> {
  if (!settings.objection) return
  const directory = world.newPath('facts')
  const call = { ...settings.call, leg, output: { kind: 'facts', directory } as const }
  addSteps(steps, (await world.build(call, leg)).steps)
  const base = parseFacts('base.json', await world.readText(`${directory}/base.json`))
  const objection = settings.objection(base)
  if (objection !== undefined) throw new Impossible(leg, objection, base)
}

async function measure(leg: Leg, settings: LegSettings, world: LegWorld, steps: Step[]): Promise<LegFacts> {
  const directory = world.newPath('facts')
  // The image is made without reading: what it then takes from a cache can only be what was measured here.
  const layerCache = settings.layerCache && { kind: 'read' as const, ...settings.layerCache }
  const call = { ...settings.call, leg, layerCache, output: { kind: 'report', directory } as const }
  addSteps(steps, (await world.build(call, leg)).steps)
  const [base, image] = await Promise.all(
    ['base.json', 'image.json'].map(async (name) =>
      parseFacts(name, await world.readText(`${directory}/${name}`)),
    ),
  )
  if (!base || !image) throw new UserError('The measuring step left no facts.')
  return { base, image }
}

function parseFacts(name: string, text: string): LegFacts['base'] {
  const result = v.safeParse(factsSchema, JSON.parse(text))
  if (!result.success)
    throw new UserError(
      `The measured facts in ${name} are not of the form that is known: ${v.summarize(result.issues)}`,
    )
  return result.output
}

async function makeImage(leg: Leg, settings: LegSettings, world: LegWorld, labels: Record<string, string>) {
  const output = {
    kind: 'image',
    reference: formatReference({ ...settings.cacheRepository, tag: candidateTag(leg) }),
    push: settings.push,
    compression: compressionOf(leg.base.layers),
    labels,
    annotations: settings.index ? labels : {},
    metadataFile: world.newPath('metadata.json'),
  } as const
  const layerCache = settings.layerCache?.write
    ? { kind: 'write' as const, ...settings.layerCache }
    : undefined
  const { steps, digest } = await world.build({ ...settings.call, leg, layerCache, output }, leg)
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
  const name = formatReference({ ...settings.cacheRepository, tag: candidateTag(leg) })
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
  const found = await getPlatformImage(world.registry, settings.cacheRepository, digest, leg.platform)
  if (!found)
    throw new UserError(
      `BuildKit says that it pushed ${digest} as ${name}, but the registry does not have it; build again.`,
    )
  if (!found.image) throw new UserError(`The candidate ${name} holds no image for ${leg.platform}.`)
  const { manifest, config } = found.image
  return { known: 'manifest', mediaType: manifest.mediaType, config, layers: manifest.parsed.layers }
}

/** Waivers applied; with `verify: false` nothing is judged, and a gate that was not judged is skipped. */
function settle(gates: Gate[], settings: LegSettings): Gate[] {
  if (settings.judge === 'all') return waive(gates, settings.waivers)
  return gates.map(({ name, expected, actual }) => skipped(name, { expected, actual }, 'verify is false'))
}

/** A gate on the manifest is judged when the labels are in the image already: its waiver is recorded in any case. */
function waivedGates(gates: Gate[], { waivers }: LegSettings): Map<Gate['name'], string> {
  const passed = new Set(gates.filter(({ state }) => state !== 'waived').map(({ name }) => name))
  return new Map([...waivers].filter(([name]) => !passed.has(name)))
}

function judgeCandidate(leg: Leg, candidate: Candidate, settings: LegSettings): Gate[] {
  return settle(judgeManifest(leg, candidate, { addedBytes: settings.addedBytesLimit }), settings)
}

/** What ran for this leg; what the second call takes from the cache ran in the first. */
function addSteps(steps: Step[], more: Step[]): void {
  steps.push(...more.filter((step) => step.started !== undefined && (steps.length === 0 || !step.cached)))
}
