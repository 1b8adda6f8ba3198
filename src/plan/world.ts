import type { RunGit } from '../system/index.ts'
import type { Digest, ImageConfig, PlatformImage, RegistryClient, Repository } from '../registry/index.ts'
import type { Engine } from './engine.ts'
import type { Catalogue } from './feasibility/catalogue.ts'
import type { KnowBase, KnownBase } from './feasibility/known-base.ts'
import type { GitRepository } from './git-repository.ts'
import type { NixlIndex } from './nixl/nixl-index.ts'
import type { BaseImage } from './pinned.ts'
import type { Leg } from './plan.ts'
import type { TagIndex } from './published/tag-index.ts'

/** What a plan asks: the registry, git, pip, the action's files, and what earlier runs stored. */
export type PlanWorld = {
  /** Gives the same answer to the same question: a plan relies on the first one */
  registry: Pick<RegistryClient, 'getManifest' | 'getImageConfig' | 'listTags'>
  git: RunGit
  catalogue: Catalogue
  nixl: NixlIndex
  recipeOf: (engine: Engine) => string
  /** The facts that an earlier run stored about a base. @param questions see `KnowBase` */
  storedFacts: (base: BaseImage, engine: Engine, questions: number) => Promise<KnownBase | undefined>
  /** What this run has measured in a base */
  ownFacts: (base: BaseImage, engine: Engine) => KnownBase | undefined
  staged: StagedLegs
  /** The copy of a base in the cache repository, if an earlier run stored one */
  copyOfBase: (base: NamedBase) => Promise<(PlatformImage & { repository: Repository }) | undefined>
  /**
   * Why the staged leg, or the public image `published`, does not count as verified, a sentence;
   * undefined if it counts, or if the run that publishes it is to judge it
   */
  unfit: (leg: Leg, published?: PublishedPlace) => Promise<string | undefined>
}

/** A base by its name upstream: repository and tag, and a platform. */
export type NamedBase = Repository & { tag: string; platform: string }

/** The legs that earlier runs have staged. */
export type StagedLegs = {
  /** Whether a leg is staged, of whatever age. @param questions see `TagIndex` */
  has: (leg: Leg, questions: number) => Promise<boolean>
  /** The configuration of its image; undefined if there is none for its platform */
  config: (leg: Leg) => Promise<ImageConfig | undefined>
}

/** A public image by its digest. */
export type PublishedPlace = { repository: Repository; digest: Digest }

/** What the steps of a plan ask. */
export type PlanningWorld = Omit<PlanWorld, 'git' | 'storedFacts' | 'ownFacts'> & {
  tags: TagIndex
  known: KnowBase
}

/** What the steps after the choice of versions ask. */
export type SettlingWorld = PlanningWorld & {
  ucx: GitRepository
  /** How many legs the plan has at most */
  legs: number
}
