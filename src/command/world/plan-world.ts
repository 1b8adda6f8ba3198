import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Inputs } from '../../inputs/index.ts'
import {
  type Catalogue,
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
  judgePublished,
  judgeStaged,
  type Judging,
  noAttestations,
  requestedAttestations,
} from '../../promote/index.ts'
import type { RegistryClient } from '../../registry/index.ts'
import { createStoreReader, knownFrom } from '../../store/index.ts'
import type { RunGit } from '../../system/index.ts'
import { type BaseFacts, packagesObjection, toolkitObjection } from '../../verify/index.ts'
import type { Machine } from './machine.ts'
import { readRecipe } from './recipe.ts'

/** What is known of bases besides the catalogue. Bases are named by their manifest's digest. */
export type KnownFacts = {
  /** Measured by this run */
  own: Map<string, BaseFacts>
  /** Bases whose stored facts the plan has read */
  read: Set<string>
}

/** Connects a plan to the registry, git, pip, and the files beside the action. */
export function createPlanWorld(
  inputs: Inputs,
  { dockerfiles }: Pick<Machine, 'dockerfiles'>,
  given: Pick<RegistryClient, 'getManifest' | 'getImageConfig' | 'getBlob' | 'listTags'>,
  git: RunGit,
  nixl: NixlIndex,
  { own, read }: KnownFacts = { own: new Map(), read: new Set() },
): PlanWorld {
  const registry = { ...given, ...rememberAnswers(given) }
  const store = createStoreReader(registry, inputs.plan.cacheRepository)
  const judging = { registry, store, rules: inputs, attestations: requestedAttestations(inputs.build) }
  const recipes = new Map<Engine, string>()
  return {
    registry,
    git,
    nixl,
    catalogue: readCatalogue(dockerfiles),
    // Every image of a plan needs it, and computing it reads all scripts.
    recipeOf: (engine) => {
      const recipe = recipes.get(engine) ?? readRecipe(dockerfiles, engine)
      recipes.set(engine, recipe)
      return recipe
    },
    staged: store.legs,
    copyOfBase: store.bases.copyOf,
    storedFacts: async (base, engine, bases) => {
      const facts = await store.facts.read(base, bases)
      if (facts) read.add(base.manifestDigest)
      return facts && knownFrom(facts, engine)
    },
    ownFacts: (base, engine) => {
      const facts = own.get(base.manifestDigest)
      return facts && knownFrom(facts, engine)
    },
    unfit: (leg, published) => whyUnfit(leg, published, judging, inputs.plan.platforms.length > 1),
  }
}

/** Checks only whether a leg counts; the run that gives the tags judges it by its own rules. */
async function whyUnfit(
  leg: Leg,
  published: PublishedPlace | undefined,
  judging: Judging,
  hasIndex: boolean,
): Promise<string | undefined> {
  if (published && judging.attestations === noAttestations) {
    const { repository, digest } = published
    const top = hasIndex ? await judging.registry.getManifest(repository, digest) : undefined
    const found = await judging.store.legs.report(leg, top ?? { digest })
    return 'why' in found ? found.why : undefined
  }
  const judged = await (published ? judgePublished(leg, published, judging) : judgeStaged(leg, judging))
  return judged.state === 'missing' || judged.state === 'other' ? judged.why : undefined
}

const catalogues = new Map<string, Catalogue>()

/** Reads the catalogue, once: every leg is judged by it, and it does not change. */
export function readCatalogue(dockerfiles: string): Catalogue {
  const known =
    catalogues.get(dockerfiles) ?? parseCatalogue(readFileSync(join(dockerfiles, 'catalogue.json'), 'utf8'))
  catalogues.set(dockerfiles, known)
  return known
}

/**
 * Judges a leg by the facts of its base, which overrule the guesses of the catalogue.
 * @returns the reason why it can't be built; undefined if it can
 */
export async function objectionTo(leg: Leg, base: BaseFacts, world: JudgeWorld): Promise<string | undefined> {
  const judged = await judgeLeg(leg, knownFrom(base, leg.engine), world)
  if (judged.state === 'impossible') return judged.reason
  return toolkitObjection(leg, base) ?? packagesObjection(base)
}
