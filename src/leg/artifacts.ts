import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sentenceOf } from '../errors.ts'
import type { Artifact, ArtifactKind } from '../plan/index.ts'
import { isDenied } from '../registry/index.ts'
import {
  artifactProblem,
  type ArtifactStore,
  contentFolder,
  determinantsFile,
  determinantsText,
  openModes,
} from '../store/index.ts'
import { BuildError, type Step } from '../buildkit/index.ts'

/** A store, and whether new artifacts are saved in it. */
export type ArtifactSource = { store: ArtifactStore; saves: boolean }

/** Where an artifact came from; milliseconds, or a name for people. */
export type Origin =
  { state: 'built'; duration: number } | { state: 'reused'; from: string } | { state: 'left out' }

export type Provided = {
  /** What replaces the stage */
  folder: string
  origin: Origin
  /** A sentence each */
  warnings: string[]
}

/** The stage artifacts of one process. */
export type Artifacts = {
  /**
   * Restores an artifact from a store, or builds and saves it, once for all legs. A problem of a store
   * is a warning, never an error.
   * @param build builds it into an empty folder
   * @throws what `build` throws
   */
  provide: (artifact: Artifact, build: BuildArtifact) => Promise<Provided>
  /** Replaces a stage by an empty folder, for an image that has nothing of it. */
  leaveOut: (kind: ArtifactKind) => Promise<Provided>
}

type BuildArtifact = (folder: string) => Promise<Step[]>

/**
 * The cache repository first. A run that pushes saves there and restores from nowhere else: runs that
 * don't push, such as those of pull requests, write to GitHub's cache.
 * @param actionsCache where there is one
 */
export function artifactSources(
  { cache, push }: { cache: 'registry' | 'off'; push: boolean },
  cacheRepository: ArtifactStore,
  actionsCache: ArtifactStore | undefined,
): ArtifactSource[] {
  if (cache === 'off') return []
  const first = { store: cacheRepository, saves: push }
  return push || !actionsCache ? [first] : [first, { store: actionsCache, saves: true }]
}

/**
 * @param sources the first one that has an artifact is used
 * @param newPath a path in a new folder
 */
export function createArtifacts(
  sources: readonly ArtifactSource[],
  newPath: (name: string) => string,
): Artifacts {
  const requested = new Map<string, Promise<Provided>>()
  // A source that denies reading is removed, and one that denies writing is only read.
  const open = new Set(sources.map((source) => ({ ...source })))
  const provide: Artifacts['provide'] = async (artifact, build) => {
    const first = requested.get(artifact.name)
    if (first === undefined) {
      const own = restoreOrBuild(artifact, build, open, newPath)
      requested.set(artifact.name, own)
      return own
    }
    try {
      return fromAnotherLeg(await first)
    } catch (error) {
      if (isOfSource(error, artifact)) throw error
      // The reason may have been the other leg's base or its registry.
      if (requested.get(artifact.name) === first) requested.delete(artifact.name)
      return provide(artifact, build)
    }
  }
  const leaveOut: Artifacts['leaveOut'] = async (kind) => {
    const folder = newPath(`no-${kind}`)
    await mkdir(folder, { recursive: true })
    return { folder, origin: { state: 'left out' }, warnings: [] }
  }
  return { provide, leaveOut }
}

function fromAnotherLeg({ folder, origin }: Provided): Provided {
  const isBuilt = origin.state === 'built'
  return {
    folder,
    origin: isBuilt ? { state: 'reused', from: 'another leg of this run' } : origin,
    warnings: [],
  }
}

/** Whether it does not compile, and would not in any other leg. */
function isOfSource(error: unknown, { determinants: { kind } }: Artifact): boolean {
  return error instanceof BuildError && error.step?.stage === `${kind}-builder`
}

async function restoreOrBuild(
  artifact: Artifact,
  build: BuildArtifact,
  open: Set<ArtifactSource>,
  newPath: (name: string) => string,
): Promise<Provided> {
  const warnings: string[] = []
  for (const source of open) {
    const folder = newPath(artifact.name)
    const state = await restore(artifact, source, folder)
    if (state === 'restored') {
      const origin = { state: 'reused', from: nameOf(artifact, source) } as const
      return { folder: join(folder, contentFolder), origin, warnings }
    }
    if (state !== 'absent') warnings.push(...refusal(state, artifact, source, open))
  }
  const built = await buildAndSave(artifact, build, open, newPath(artifact.name))
  return { ...built, warnings: [...warnings, ...built.warnings] }
}

async function buildAndSave(
  artifact: Artifact,
  build: BuildArtifact,
  open: Set<ArtifactSource>,
  parent: string,
): Promise<Provided> {
  const folder = join(parent, contentFolder)
  await mkdir(folder, { recursive: true })
  const origin = { state: 'built', duration: durationOf(await build(folder)) } as const
  await openModes(folder)
  await writeFile(join(parent, determinantsFile), determinantsText(artifact.determinants))
  const problem = await artifactProblem(parent, artifact)
  if (problem === undefined) return { folder, origin, warnings: await save(artifact, parent, open) }
  const warning = `The new ${artifact.determinants.kind} is not stored for other images: ${problem}.`
  return { folder, origin, warnings: [...open].some(({ saves }) => saves) ? [warning] : [] }
}

type Unusable = { error: unknown } | { problem: string }

async function restore(
  artifact: Artifact,
  { store }: ArtifactSource,
  folder: string,
): Promise<'restored' | 'absent' | Unusable> {
  try {
    if ((await store.restore(artifact.name, folder)) === 'absent') return 'absent'
  } catch (error) {
    return { error }
  }
  const problem = await artifactProblem(folder, artifact)
  if (problem !== undefined) return { problem }
  await openModes(join(folder, contentFolder))
  return 'restored'
}

/** Removes a source that denies reading. @returns warnings */
function refusal(
  unusable: Unusable,
  artifact: Artifact,
  source: ArtifactSource,
  open: Set<ArtifactSource>,
): string[] {
  const subject = `The stored ${nameOf(artifact, source)} is not used`
  if ('problem' in unusable)
    return [`${subject}, because ${unusable.problem}; it is built${source.saves ? ' and replaced' : ''}.`]
  const reason = sentenceOf(unusable.error)
  if (!isDenied(unusable.error)) return [`${subject}, and it is built: ${reason}`]
  open.delete(source)
  // A run that does not push needs no permission to read.
  return source.saves ? [`No stage artifact is reused or stored: ${reason}`] : []
}

/** @returns warnings */
async function save(artifact: Artifact, folder: string, open: Set<ArtifactSource>): Promise<string[]> {
  const warnings: string[] = []
  for (const source of open) {
    if (!source.saves) continue
    try {
      await source.store.save(artifact.name, folder)
    } catch (error) {
      if (isDenied(error)) source.saves = false
      warnings.push(`${artifact.name} is not stored, so the next run builds it again: ${sentenceOf(error)}`)
    }
  }
  return warnings
}

function nameOf({ name }: Artifact, { store }: ArtifactSource): string {
  return store.referenceOf?.(name) ?? name
}

/** From the start of the first step that was not cached to the end of the last. */
function durationOf(steps: readonly Step[]): number {
  const ran = steps.filter(({ cached }) => !cached)
  const starts = ran.flatMap(({ started }) => started ?? [])
  const ends = ran.flatMap(({ completed }) => completed ?? [])
  return starts.length === 0 ? 0 : Math.max(0, ...ends) - Math.min(...starts)
}
