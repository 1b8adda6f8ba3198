export { baseImageOf, baseName, baseRepository, baseRepositoryName, copyWarning } from './base.ts'
export { canonicalJson, sha256 } from './canonical.ts'
export { nameBuilt } from './built.ts'
export {
  excludedOf,
  excludedTitle,
  expandTags,
  impossibleSentence,
  ownRepositories,
  publicRepository,
  withAdvice,
} from './combination.ts'
export { type Engine, engineNames, engines } from './engine.ts'
export { engineCommit } from './engine-commit.ts'
export {
  type Catalogue,
  type CatalogueRelease,
  currentRelease,
  parseCatalogue,
  type TestedRelease,
  ucxOfNixl,
} from './feasibility/catalogue.ts'
export { judgeLeg, type JudgeWorld } from './feasibility/judge-leg.ts'
export { knownBase, type KnownBase } from './feasibility/known-base.ts'
export { addressOf, openGitRepository } from './git-repository.ts'
export {
  type Artifact,
  type ArtifactDeterminants,
  type ArtifactKind,
  artifactsOf,
  type ExtensionDeterminants,
  extensionOf,
  type UcxDeterminants,
  type WheelDeterminants,
} from './keys/artifact-key.ts'
export { buildId, determinantsLabel, determinantsOf, recipeDigest } from './keys/build-id.ts'
export { type ExtraFiles, isInRange, isVersionRange, partsOfRequirement } from './keys/extras.ts'
export { stageRecipe } from './keys/stage-recipe.ts'
export { longestValue, oneLine, variableName } from './keys/variables.ts'
export { makePlan } from './make-plan.ts'
export { impossibleNamed, isNamed } from './named.ts'
export { isNixlKnown, isOfBase, isOutdated } from './nixl/nixl-choice.ts'
export {
  createNixlIndex,
  firstWithAllVariants,
  firstWithVariants,
  type NixlIndex,
} from './nixl/nixl-index.ts'
export { pendingLegs, pendingLegsOf } from './pending.ts'
export {
  digestSchema,
  type BaseImage,
  baseImageSchema,
  type InheritedConfig,
  type PinnedSource,
  type SourceRepository,
} from './pinned.ts'
export {
  type Change,
  type Excluded,
  type GpuArchitectures,
  type Leg,
  type Plan,
  type PlannedImage,
  plannedImageSchema,
  type PlannedLeg,
  plannedLegSchema,
  type PlannedMirror,
  planSchema,
  type Published,
} from './plan.ts'
export { type MaxAge, notYoungerThan } from './published/age.ts'
export { parseDeterminants } from './published/changes.ts'
export {
  buildIdLabel,
  lookUpTags,
  publicTagsOf,
  publishedNow,
  refuseOtherImages,
} from './published/published.ts'
export { lacksInMirrors, lookUpMirror, type MirrorGap, refuseTaken } from './published/mirrors.ts'
export { createTagIndex, type TagIndex } from './published/tag-index.ts'
export { isDay, parseTemplate, refInTag, type TagTemplate, templateNames } from './published/tag.ts'
export { rememberAnswers, remembered } from './remember.ts'
export type { Mirror, PlanRequest } from './request.ts'
export { newerReleases, newestVersion, releasePart } from './versions/newer.ts'
export { normalRange, rangeTest } from './versions/range.ts'
export { minorLineOf, type Product } from './versions/release.ts'
export { parseSelectors, type Selectors } from './versions/selector.ts'
export { type Claim, claimsOf } from './versions/variant.ts'
export { isSameRelease, majorOf, parseEngineVersion } from './versions/version.ts'
export type { NamedBase, PlanWorld, PublishedPlace } from './world.ts'
