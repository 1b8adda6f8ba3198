import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Artifact, ArtifactKind } from '../plan/index.ts'
import {
  artifactProblem,
  contentFolder,
  determinantsFile,
  determinantsText,
  openModes,
} from '../store/index.ts'
import { type ArtifactSource, nameOf, refusal, restoreFrom, saveIn } from './artifact-sources.ts'
import { BuildError, type Step } from '../buildkit/index.ts'

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
   * Restores an artifact from a store, or builds and saves it, once for all legs. A problem of a
   * store is a warning, never an error.
   * @param build builds it into an empty folder
   * @throws what `build` throws
   */
  provide: (artifact: Artifact, build: BuildArtifact) => Promise<Provided>
  /** Replaces a stage by an empty folder, for an image that has nothing of it. */
  leaveOut: (kind: ArtifactKind) => Promise<Provided>
}

type BuildArtifact = (folder: string) => Promise<Step[]>

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
      const { folder, origin } = await first
      const reused = { state: 'reused', from: 'another leg of this run' } as const
      return { folder, origin: origin.state === 'built' ? reused : origin, warnings: [] }
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

/** Whether it does not compile, and would not in any other leg. A wheel has an extension. */
function isOfSource(error: unknown, { determinants: { kind } }: Artifact): boolean {
  const stages = [kind, ...(kind === 'wheel' ? ['extension'] : [])].map((each) => `${each}-builder`)
  return error instanceof BuildError && error.step !== undefined && stages.includes(error.step.stage ?? '')
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
    const state = await restoreFrom(source, artifact, folder)
    if (state === 'restored') {
      const origin = { state: 'reused', from: nameOf(source, artifact) } as const
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
  if (problem === undefined) return { folder, origin, warnings: await saveIn(open, artifact, parent) }
  const warning = `The new ${artifact.determinants.kind} is not stored for other images: ${problem}.`
  return { folder, origin, warnings: [...open].some(({ saves }) => saves) ? [warning] : [] }
}

/** From the start of the first step that was not cached to the end of the last. */
function durationOf(steps: readonly Step[]): number {
  const ran = steps.filter(({ cached }) => !cached)
  const starts = ran.flatMap(({ started }) => started ?? [])
  const ends = ran.flatMap(({ completed }) => completed ?? [])
  return starts.length === 0 ? 0 : Math.max(0, ...ends) - Math.min(...starts)
}
