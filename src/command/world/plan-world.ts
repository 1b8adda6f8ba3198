import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  createGit,
  createPip,
  globalConfiguration,
  type RunGit,
  writePrivateFile,
} from '../../system/index.ts'
import type { Inputs } from '../../inputs/index.ts'
import type { Machine } from './machine.ts'
import {
  type Catalogue,
  createNixlIndex,
  type Engine,
  judgeLeg,
  type JudgeWorld,
  type Leg,
  type NixlIndex,
  parseCatalogue,
  type PlanWorld,
  type PublishedPlace,
  rememberAnswers,
} from '../../plan/index.ts'
import {
  askedAttestations,
  judgePublished,
  judgeStaged,
  type Judging,
  noAttestations,
} from '../../promote/index.ts'
import { createStoreReader, knownFrom } from '../../store/index.ts'
import { readRecipe } from './recipe.ts'
import type { RegistryClient } from '../../registry/index.ts'
import { type BaseFacts, packagesObjection, toolkitObjection } from '../../verify/index.ts'

/** Milliseconds for one answer */
const gitTimeout = 120_000
const pipTimeout = 60_000

/** Whom a plan asks: the registry, git, pip, and what is beside the action itself. */
export function createPlanWorld(
  inputs: Inputs,
  machine: Pick<Machine, 'dockerfiles'>,
  given: Pick<RegistryClient, 'getManifest' | 'getImageConfig' | 'getBlob' | 'listTags'>,
  git: RunGit,
  nixl: NixlIndex,
  { own, read }: KnownFacts = { own: new Map(), read: new Set() },
): PlanWorld {
  const { dockerfiles } = machine
  const registry = { ...given, ...rememberAnswers(given) }
  const store = createStoreReader(registry, inputs.plan.cacheRepository)
  const recipes = new Map<Engine, string>()
  return {
    registry,
    git,
    nixl,
    catalogue: readCatalogue(dockerfiles),
    // Each image of a plan asks, and it takes reading all scripts.
    recipeOf: (engine) => {
      const recipe = recipes.get(engine) ?? readRecipe(dockerfiles, engine)
      recipes.set(engine, recipe)
      return recipe
    },
    staged: store.legs,
    storedFacts: async (base, engine, bases) => {
      const facts = await store.facts.read(base, bases)
      if (facts) read.add(base.manifestDigest)
      return facts && knownFrom(facts, engine)
    },
    ownFacts: (base, engine) => {
      const facts = own.get(base.manifestDigest)
      return facts && knownFrom(facts, engine)
    },
    unfit: async (leg, published) => unfit(leg, published, inputs, { registry, store }),
  }
}

/** Only what makes it not count is asked for here: by its rules the run judges that gives the tags. */
async function unfit(
  leg: Leg,
  published: PublishedPlace | undefined,
  inputs: Inputs,
  { registry, store }: Pick<Judging, 'registry' | 'store'>,
): Promise<string | undefined> {
  const { platforms } = inputs.plan
  const attestations = askedAttestations(inputs.build)
  const judging = { registry, store, rules: inputs, attestations }
  if (published && attestations === noAttestations) {
    const { repository, digest } = published
    const top = platforms.length > 1 ? await registry.getManifest(repository, digest) : undefined
    const found = await store.legs.report(leg, top ?? { digest })
    return 'why' in found ? found.why : undefined
  }
  const judged = await (published ? judgePublished(leg, published, judging) : judgeStaged(leg, judging))
  return judged.state === 'missing' || judged.state === 'other' ? judged.why : undefined
}

/** @returns git on this runner */
export function openGit(
  { environment, signal, retry, workspace }: Pick<Machine, 'environment' | 'signal' | 'retry' | 'workspace'>,
  secretFiles: ReadonlyMap<string, string>,
): RunGit {
  const configuration = writePrivateFile(workspace, 'gitconfig', globalConfiguration(environment))
  const credentials = secretFiles.get('git-credentials')
  return createGit({
    ...{ environment, signal, retry, configuration, credentials },
    timeout: gitTimeout,
  })
}

/** @returns pip on this runner, asked each question once */
export function openNixlIndex(
  { packageIndex }: Pick<Inputs, 'packageIndex'>,
  { environment, signal, retry }: Pick<Machine, 'environment' | 'signal' | 'retry'>,
): NixlIndex {
  const settings = { environment, signal, retry, packageIndex }
  return createNixlIndex(createPip({ ...settings, timeout: pipTimeout }))
}

const catalogues = new Map<string, Catalogue>()

/** Each leg is judged by it, and it does not change while the action runs. */
export function readCatalogue(dockerfiles: string): Catalogue {
  const known =
    catalogues.get(dockerfiles) ?? parseCatalogue(readFileSync(join(dockerfiles, 'catalogue.json'), 'utf8'))
  catalogues.set(dockerfiles, known)
  return known
}

/** What is known of bases beside what the catalogue says: manifest digest → facts. */
export type KnownFacts = {
  /** Measured by this run */
  own: Map<string, BaseFacts>
  /** Bases of which the plan has read stored facts */
  read: Set<string>
}

/**
 * What a plan calls possible may have been judged by what the catalogue guesses of a base: its facts decide.
 * @returns why a leg can't be built on a base with these facts, a sentence without its end; undefined if it can
 */
export async function objectionTo(leg: Leg, base: BaseFacts, world: JudgeWorld): Promise<string | undefined> {
  const judged = await judgeLeg(leg, knownFrom(base, leg.engine), world)
  if (judged.state === 'impossible') return judged.reason
  return toolkitObjection(leg, base) ?? packagesObjection(base)
}
