import { readPlan } from '../../../src/store/plans.ts'
import { createStore } from '../../../src/store/store.ts'
import { knownErrors } from '../../../src/command/world/transient.ts'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { artifactSources } from '../../../src/leg/artifact-sources.ts'
import { createArtifacts } from '../../../src/leg/artifacts.ts'
import { createLegLog } from '../../../src/leg/leg-log.ts'
import { buildLegs } from '../../../src/command/build-legs.ts'
import { createSettings } from '../../../src/command/world/leg-world.ts'
import { createOpenReader } from '../../../src/registry/open-reader.ts'
import { createPlanWorld } from '../../../src/command/world/plan-world.ts'
import { createRunWorld, type RunWorld } from '../../../src/command/world/run-world.ts'
import { systemTimers } from '../../../src/system/clock.ts'
import { buildOne, promotePlan, runPlan } from '../../../src/command/run.ts'
import { tagImage } from '../../../src/command/tag/tag-image.ts'
import { sentenceOf } from '../../../src/errors.ts'
import { createClient } from '../../../src/command/world/registry-access.ts'
import { readRecipe } from '../../../src/command/world/recipe.ts'
import { createWorkspace } from '../../../src/system/workspace.ts'
import { workflowEvent } from '../../../src/inputs/context.ts'
import { listPublished } from '../../../src/inventory/list.ts'
import type { Inventory } from '../../../src/inventory/inventory.ts'
import { type Inputs, readInputs } from '../../../src/inputs/inputs.ts'
import type { NamedImage } from '../../../src/inputs/named-image.ts'
import { ownRepositories, publicRepository } from '../../../src/plan/combination.ts'
import type { Engine } from '../../../src/plan/engine.ts'
import { makePlan } from '../../../src/plan/make-plan.ts'
import type { NixlIndex } from '../../../src/plan/nixl/nixl-index.ts'
import type { Plan, PlannedLeg } from '../../../src/plan/plan.ts'
import type { RegistryClient } from '../../../src/registry/client.ts'
import { annotationsOf } from '../../../src/report/annotations.ts'
import type { Run } from '../../../src/report/outcome.ts'
import { outputsOf } from '../../../src/report/outputs.ts'
import type { PruneRun } from '../../../src/report/prune/prune-run.ts'
import { renderPruneSummary } from '../../../src/report/prune/prune-summary.ts'
import { renderListSummary } from '../../../src/report/summary/list-summary.ts'
import { renderSummary } from '../../../src/report/summary/summary.ts'
import type { TagRun } from '../../../src/report/tag/tag-run.ts'
import { renderTagSummary } from '../../../src/report/tag/tag-summary.ts'
import { createRetry, systemWait } from '../../../src/system/retry.ts'
import { actionDefaults } from '../../../script/action-defaults.ts'
import { gitOf } from '../plan-world.ts'
import { engineFor } from './engine.ts'
import { pruneWith } from './prune.ts'

/** Milliseconds */
export type Waits = Record<'request' | 'stall' | 'build' | 'settle' | 'retry' | 'longest' | 'budget', number>

/** Settings of a run in this process besides its inputs. */
export type Circumstances = { waits: Waits; signal?: AbortSignal }

/** Result of a run: exit code, error messages, summary, and the plan, list or prune if that is all. */
export type Ended = {
  code: 0 | 1
  errors: string[]
  summary: string
  /** Of a run or a promotion: what the errors are about */
  titles?: string[]
  outputs?: ReturnType<typeof outputsOf>
  plan?: string
  list?: Inventory
  pruned?: PruneRun
}

const dockerfiles = 'dockerfiles'
const recipes = new Map<Engine, string>()

function recipeOf(engine: Engine): string {
  const recipe = recipes.get(engine) ?? readRecipe(dockerfiles, engine)
  recipes.set(engine, recipe)
  return recipe
}

const nixl: NixlIndex = { versions: () => Promise.resolve({ state: 'known', versions: ['0.7.1'] }) }
const git = gitOf(['v0.5.0', 'v0.7.0', 'v1.19.0'])

/** Folder for all files of one test run. */
const root = mkdtempSync(join(tmpdir(), 'in-process-'))
const workspace = createWorkspace(root)

type Tools = Readonly<{
  inputs: Inputs
  registry: RegistryClient
  circumstances: Required<Circumstances>
  log: (line: string) => void
}>

const defaults = actionDefaults()

/**
 * Runs a command as `main` does, in this process: with the real inputs, plan, registry client, retries, stores, gates,
 * promotion and report, and with a git, a pip and a BuildKit that are always well. What is asked of a registry is all that
 * can go wrong, and takes milliseconds.
 */
export async function act(
  given: Record<string, string>,
  { waits, signal = new AbortController().signal }: Circumstances,
): Promise<Ended> {
  const values: Record<string, string> = {
    ...defaults,
    'aibrix-repository': 'https://git.example/aibrix',
    'ucx-repository': 'https://git.example/ucx',
    'nixl-version': '0.7.1',
    ...given,
  }
  const inputs = readInputs((name) => values[name] ?? '', {
    event: workflowEvent({}),
    now: new Date(),
    fileExists: () => false,
    readFolder: () => undefined,
  })
  const log = () => undefined
  const retry = createRetry({
    ...knownErrors,
    retries: inputs.retries,
    waits,
    signal,
    log,
    random: Math.random,
    wait: systemWait,
  })
  const registry = createClient(inputs, undefined, { environment: {}, signal, waits, retry })
  try {
    const tools = { inputs, registry, circumstances: { waits, signal }, log }
    if (inputs.command.kind === 'tag') return endedTagging(await tag(inputs.command.image, tools))
    if (inputs.command.kind === 'prune') {
      const pruned = await pruneWith(inputs.command, inputs, { registry, waits, signal, retry })
      const errors = pruned.error === undefined ? [] : [pruned.error]
      return { code: errors.length === 0 ? 0 : 1, errors, summary: renderPruneSummary(pruned), pruned }
    }
    if (inputs.command.kind === 'list') {
      const { legs, inventories } = createStore(registry, inputs.plan.cacheRepository)
      const redact = (text: string) => text
      const world = { registry, legs, inventories, git, nixl, signal, redact, now: () => new Date(0) }
      const { where } = inputs.command
      const { inventory } = await listPublished({ plan: inputs.plan, where, push: inputs.push }, world)
      return { code: 0, errors: [], summary: renderListSummary(inventory), list: inventory }
    }
    const run = await execute(tools)
    if (typeof run === 'string') return { code: 0, errors: [], summary: '', plan: run }
    const wrong = annotationsOf(run).filter(({ level }) => level === 'error')
    return {
      code: wrong.length === 0 ? 0 : 1,
      errors: wrong.map(({ message }) => message),
      titles: wrong.map(({ title }) => title),
      summary: renderSummary(run),
      outputs: outputsOf(run.outcomes, undefined),
    }
  } catch (error) {
    // Like main, for a list, which has no images that could have failed
    return { code: 1, errors: [sentenceOf(error)], summary: '' }
  } finally {
    registry.close()
  }
}

function tag(image: NamedImage, tools: Tools): Promise<TagRun> {
  const request = tools.inputs.plan
  const own = request.engines.map(({ engine }) => publicRepository(request, engine))
  tools.registry.pushesTo([request.cacheRepository, ...own])
  return tagImage(image, request, worldOf(tools, request))
}

function endedTagging(run: TagRun): Ended {
  const errors = run.error === undefined ? [] : [run.error]
  return { code: errors.length === 0 ? 0 : 1, errors, summary: renderTagSummary(run) }
}

/** @returns where the plan is stored, if that is all that was asked for */
async function execute(tools: Tools): Promise<Run | string> {
  const { inputs, registry } = tools
  const { command, failFast, push } = inputs
  try {
    if (command.kind === 'plan') {
      const file = join(mkdtempSync(join(root, 'plan-')), 'plan.json')
      const made = await plan(tools)
      const { plans } = createStore(registry, made.cacheRepository)
      return (await plans.write(made, file, (text) => text)).reference
    }
    if (command.kind === 'build') {
      const loaded = await readPlan(registry, command.plan)
      const image = loaded.images.find(({ legs }) => legs.some(({ id }) => id === command.leg))
      const leg = image?.legs.find(({ id }) => id === command.leg)
      if (!image || !leg) throw new Error(`the plan has no ${command.leg}`)
      return await buildOne(loaded, { image, leg }, { push }, worldOf(tools, loaded), builder(tools, loaded))
    }
    if (command.kind === 'promote') {
      const loaded = await readPlan(registry, command.plan)
      return await promotePlan(loaded, failFast, worldOf(tools, loaded))
    }
    const made = await plan(tools)
    return await runPlan(made, { push, failFast }, worldOf(tools, made), builder(tools, made))
  } catch (error) {
    // Like main, for errors before the first image
    return { command: 'run', outcomes: [], excluded: [], duration: 0, error: sentenceOf(error) }
  }
}

async function plan({ inputs, registry }: Tools): Promise<Plan> {
  const own = ownRepositories(inputs.plan)
  if (inputs.push) registry.pushesTo(own)
  const reader = createOpenReader(registry, own, () => undefined)
  const world = createPlanWorld(inputs, { dockerfiles }, reader, git, nixl)
  return makePlan(inputs.plan, { ...world, recipeOf })
}

function worldOf(
  { inputs, registry, log, circumstances: { signal } }: Tools,
  plan: Pick<Plan, 'cacheRepository'>,
): RunWorld {
  const clock = { started: Date.now(), timers: systemTimers, redact: (text: string) => text }
  return createRunWorld({ inputs, registry, nixl, machine: { dockerfiles, log, signal, ...clock } }, plan)
}

function builder({ inputs, registry }: Tools, { cacheRepository }: Plan) {
  const machine = { dockerfiles, environment: {}, workspace }
  const run = randomBytes(4).toString('hex')
  const store = createStore(registry, cacheRepository)
  const settingsOf = createSettings(
    { inputs, machine, nixl, secretFiles: new Map(), certificates: undefined, extraFiles: undefined },
    store,
    inputs.build,
    run,
  )
  const newPath = (name: string): string => {
    const path = join(mkdtempSync(join(root, 'build-')), name)
    mkdirSync(dirname(path), { recursive: true })
    return path
  }
  const world = {
    registry,
    say: () => undefined,
    build: engineFor((leg) => settingsOf(leg as PlannedLeg)),
    newPath: (name: string) => {
      const path = newPath(name)
      if (name === 'facts') mkdirSync(path)
      return path
    },
    readText: (path: string) => Promise.resolve(readFileSync(path, 'utf8')),
    inspectImage: () => Promise.resolve(undefined),
    forgetImage: () => Promise.resolve(),
    fetchSource: () => Promise.resolve('/sources'),
    compiledSources: () => Promise.resolve('c'.repeat(64)),
    facts: store.facts,
    artifacts: createArtifacts(
      artifactSources({ ...inputs.build, push: inputs.push }, store.artifacts, undefined),
      newPath,
    ),
  }
  const { push, parallel, failFast } = inputs
  return (legs: readonly PlannedLeg[]) =>
    buildLegs(
      legs,
      { push, parallel, failFast, force: false },
      {
        registry,
        store,
        awaitOtherRuns: () => Promise.resolve(),
        legLog: ({ id }) => createLegLog(id, false, () => undefined),
        legWorld: () => world,
        settingsOf,
        commandOf: () => '',
        redact: (text) => text,
      },
    )
}
