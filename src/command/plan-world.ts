import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createGit, globalConfiguration } from '../system/git.ts'
import type { Inputs } from '../inputs/inputs.ts'
import type { Machine } from './machine.ts'
import { createPip } from '../system/pip.ts'
import { type Catalogue, parseCatalogue } from '../plan/feasibility/catalogue.ts'
import type { Engine } from '../plan/engine.ts'
import { judgeLeg, type JudgeWorld } from '../plan/feasibility/judge.ts'
import type { PlanWorld } from '../plan/make-plan.ts'
import { type Judging, judgePublished, judgeStaged } from '../promote/judge-stored.ts'
import { reportAbout } from '../store/reports.ts'
import { createNixlIndex, type NixlIndex } from '../plan/nixl/nixl-index.ts'
import type { Leg } from '../plan/plan.ts'
import type { PublishedPlace } from '../plan/settle.ts'
import { askedAttestations, noAttestations } from '../promote/attestations.ts'
import { knownFrom, readBaseFacts } from '../store/facts.ts'
import { readRecipe } from './recipe.ts'
import type { RegistryClient } from '../registry/client.ts'
import { toolkitObjection } from '../verify/gpu-architectures.ts'
import type { BaseFacts } from '../verify/facts.ts'
import { packagesObjection } from '../verify/integration.ts'
import { writePrivateFile } from '../system/workspace.ts'
import type { RunGit } from '../plan/source.ts'

/** Milliseconds for one answer */
const gitTimeout = 120_000
const pipTimeout = 60_000

/** Whom a plan asks: the registry, git, pip, and what is beside the action itself. */
export function createPlanWorld(
  inputs: Inputs,
  machine: Pick<Machine, 'dockerfiles'>,
  registry: Pick<RegistryClient, 'getManifest' | 'getImageConfig' | 'getBlob' | 'listTags'>,
  git: RunGit,
  nixl: NixlIndex,
  { own, read }: KnownFacts = { own: new Map(), read: new Set() },
): PlanWorld {
  const { dockerfiles } = machine
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
    storedFacts: async (base, engine) => {
      const facts = await readBaseFacts(registry, inputs.plan.cacheRepository, base)
      if (facts) read.add(base.manifestDigest)
      return facts && knownFrom(facts, engine)
    },
    ownFacts: (base, engine) => {
      const facts = own.get(base.manifestDigest)
      return facts && knownFrom(facts, engine)
    },
    unfit: async (leg, published) => unfit(leg, published, inputs, registry),
  }
}

/** Only what makes it not count is asked for here: by its rules the run judges that gives the tags. */
async function unfit(
  leg: Leg,
  published: PublishedPlace | undefined,
  inputs: Inputs,
  registry: Judging['registry'],
): Promise<string | undefined> {
  const { cacheRepository, platforms } = inputs.plan
  const attestations = askedAttestations(inputs.build)
  const judging = { registry, cacheRepository, rules: inputs, attestations }
  if (published && attestations === noAttestations) {
    const { repository, digest } = published
    const top = platforms.length > 1 ? await registry.getManifest(repository, digest) : undefined
    const found = await reportAbout(leg, top ?? { digest }, cacheRepository, registry)
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
