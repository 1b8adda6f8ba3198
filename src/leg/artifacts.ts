import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sentenceOf } from '../errors.ts'
import type { Artifact, ArtifactKind } from '../plan/index.ts'
import { isDenied } from '../registry/index.ts'
import {
  type ArtifactStore,
  contentFolder,
  madeFrom,
  madeFromFile,
  openModes,
  problemOf,
} from '../store/index.ts'
import { BuildError, type Step } from '../buildkit/index.ts'

/** A store, and whether what is built is kept there. */
export type ArtifactPlace = { store: ArtifactStore; keep: boolean }

/** Where an artifact came from; milliseconds, or a place that people understand. */
export type Origin =
  { state: 'built'; duration: number } | { state: 'taken'; from: string } | { state: 'left out' }

export type Provided = {
  /** What takes the place of the stage */
  folder: string
  origin: Origin
  /** A sentence each */
  warnings: string[]
}

/** The stage artifacts of one process. */
export type Artifacts = {
  /**
   * Takes an artifact from a store, or has it built and keeps it; once, however many ask. What is wrong with a store is never
   * an error.
   * @param make builds it into an empty folder
   * @throws what `make` throws
   */
  provide: (artifact: Artifact, make: (folder: string) => Promise<Step[]>) => Promise<Provided>
  /** An empty folder takes the place of a stage of which an image has nothing. */
  nothing: (kind: ArtifactKind) => Promise<Provided>
}

/**
 * @param places the first one that has an artifact gives it
 * @param newPath a path in a new folder
 */
export function createArtifacts(
  places: readonly ArtifactPlace[],
  newPath: (name: string) => string,
): Artifacts {
  const asked = new Map<string, Promise<Provided>>()
  // Those that may not be read are taken out, and those that may not be written are only read.
  const open = new Set(places.map((place) => ({ ...place })))
  const provide: Artifacts['provide'] = async (artifact, make) => {
    const first = asked.get(artifact.name)
    if (first === undefined) {
      const own = findOrMake(artifact, make, open, newPath)
      asked.set(artifact.name, own)
      return own
    }
    try {
      return again(await first)
    } catch (error) {
      if (isOfSource(error, artifact)) throw error
      // The trouble may have been the other one's base or its registry.
      if (asked.get(artifact.name) === first) asked.delete(artifact.name)
      return provide(artifact, make)
    }
  }
  const nothing: Artifacts['nothing'] = async (kind) => {
    const folder = newPath(`no-${kind}`)
    await mkdir(folder, { recursive: true })
    return { folder, origin: { state: 'left out' }, warnings: [] }
  }
  return { provide, nothing }
}

/** For a leg that found it there. */
function again(first: Provided): Provided {
  const origin: Origin =
    first.origin.state !== 'built' ? first.origin : { state: 'taken', from: 'another leg of this run' }
  return { folder: first.folder, origin, warnings: [] }
}

/** Whether what does not compile would compile in no other leg. */
function isOfSource(error: unknown, { determinants: { kind } }: Artifact): boolean {
  return error instanceof BuildError && error.step?.stage === `${kind}-builder`
}

async function findOrMake(
  artifact: Artifact,
  make: (folder: string) => Promise<Step[]>,
  open: Set<ArtifactPlace>,
  newPath: (name: string) => string,
): Promise<Provided> {
  const warnings: string[] = []
  for (const place of open) {
    const folder = newPath(artifact.name)
    const taken = await take(artifact, place, folder)
    if (taken === 'there')
      return {
        folder: join(folder, contentFolder),
        origin: { state: 'taken', from: nameOf(artifact, place) },
        warnings,
      }
    if (taken !== 'absent') warnings.push(...refusal(taken, artifact, place, open))
  }
  const folder = newPath(artifact.name)
  const content = join(folder, contentFolder)
  await mkdir(content, { recursive: true })
  const steps = await make(content)
  await openModes(content)
  await writeFile(join(folder, madeFromFile), madeFrom(artifact.determinants))
  const problem = await problemOf(folder, artifact)
  if (problem === undefined) warnings.push(...(await keep(artifact, folder, open)))
  else if ([...open].some((place) => place.keep))
    warnings.push(
      `The ${artifact.determinants.kind} that was built is not kept for other images: ${problem}.`,
    )
  return { folder: content, origin: { state: 'built', duration: durationOf(steps) }, warnings }
}

type Bad = { error: unknown } | { problem: string }

async function take(
  artifact: Artifact,
  { store }: ArtifactPlace,
  folder: string,
): Promise<'there' | 'absent' | Bad> {
  try {
    if ((await store.restore(artifact.name, folder)) === 'absent') return 'absent'
  } catch (error) {
    return { error }
  }
  const problem = await problemOf(folder, artifact)
  if (problem !== undefined) return { problem }
  await openModes(join(folder, contentFolder))
  return 'there'
}

/** @returns what is to be said of it. A store that may not be read is left alone from then on. */
function refusal(bad: Bad, artifact: Artifact, place: ArtifactPlace, open: Set<ArtifactPlace>): string[] {
  const what = `The stored ${nameOf(artifact, place)} is not used`
  if ('problem' in bad)
    return [`${what}, since ${bad.problem}; it is built${place.keep ? ' and replaced' : ''}.`]
  if (!isDenied(bad.error)) return [`${what}, and it is built: ${sentenceOf(bad.error)}`]
  open.delete(place)
  // Where nothing is pushed, nobody has to be allowed to read.
  return place.keep ? [`No stage artifact is taken or kept: ${sentenceOf(bad.error)}`] : []
}

async function keep(artifact: Artifact, folder: string, open: Set<ArtifactPlace>): Promise<string[]> {
  const warnings: string[] = []
  for (const place of open) {
    if (!place.keep) continue
    try {
      await place.store.save(artifact.name, folder)
    } catch (error) {
      if (isDenied(error)) place.keep = false
      warnings.push(`${artifact.name} is not kept, so the next run builds it again: ${sentenceOf(error)}`)
    }
  }
  return warnings
}

function nameOf({ name }: Artifact, { store }: ArtifactPlace): string {
  return store.placeOf?.(name) ?? name
}

/** From the first step that was not cached to the last one's end. */
function durationOf(steps: readonly Step[]): number {
  const ran = steps.filter(({ cached }) => !cached)
  const starts = ran.flatMap(({ started }) => started ?? [])
  const ends = ran.flatMap(({ completed }) => completed ?? [])
  return starts.length === 0 ? 0 : Math.max(0, ...ends) - Math.min(...starts)
}
