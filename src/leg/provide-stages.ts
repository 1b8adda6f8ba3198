import {
  type Artifact,
  type artifactsOf,
  extensionOf,
  type Leg,
  type PinnedSource,
  type WheelDeterminants,
} from '../plan/index.ts'
import type { Layers } from '../store/index.ts'
import type { Provided } from './artifacts.ts'
import type { CallSettings } from './measure.ts'
import type { LegWorld } from './world.ts'

/** What making the stage artifacts of a leg needs. */
export type Builder = {
  leg: Leg
  settings: { call: CallSettings; layers: Layers; recipes: { extension: string } }
  world: Pick<LegWorld, 'build' | 'artifacts' | 'fetchSource' | 'compiledSources'>
  /** Called before something is compiled or stored, since both must follow from measured facts */
  confirm: () => Promise<void>
}

type NamedExtension = Provided & Pick<Artifact, 'name'>

type ProvidedWheel = Provided & { extension?: NamedExtension }

/**
 * Provides both artifacts in parallel, and builds ahead while one of them is made. If one fails, the
 * others are still awaited.
 */
export async function provideBoth(
  wanted: ReturnType<typeof artifactsOf>,
  builder: Builder,
): Promise<{ wheel: ProvidedWheel; ucx: Provided }> {
  const { leg, world } = builder
  let ahead: Promise<void> | undefined
  const whileMaking = (): void => {
    ahead ??= handled(buildAhead(builder))
  }
  const [wheel, ucx] = await Promise.allSettled([
    provideWheel(wanted.wheel, builder, whileMaking),
    leg.ucx ? provideUcx(wanted.ucx, leg.ucx, builder, whileMaking) : world.artifacts.leaveOut('ucx'),
  ])
  const [built] = await Promise.allSettled([ahead])
  if (wheel.status === 'rejected') throw wheel.reason
  if (ucx.status === 'rejected') throw ucx.reason
  if (built.status === 'rejected') throw built.reason
  return { wheel: wheel.value, ucx: ucx.value }
}

/** Builds what needs nothing compiled. Later calls find it in BuildKit's cache, or wait for it. */
async function buildAhead({ leg, settings, world }: Builder): Promise<void> {
  const layers = { from: settings.layers.from, to: undefined }
  await world.build({ ...settings.call, leg, layers, output: { kind: 'ahead' } }, leg)
}

/**
 * Provides the wheel, and for a new one the extension, which other commits may have compiled. The
 * facts are confirmed before something is compiled and before something is stored; a wheel that is
 * only assembled need not wait.
 * @param whileMaking called before a new wheel is made
 */
async function provideWheel(
  wheel: Artifact<WheelDeterminants>,
  { leg, settings, world, confirm }: Builder,
  whileMaking: () => void,
): Promise<ProvidedWheel> {
  let extension: NamedExtension | undefined
  const provided = await world.artifacts.provide(wheel, async (directory) => {
    const confirmed = handled(confirm())
    whileMaking()
    const repository = await world.fetchSource('aibrix', leg.aibrix)
    const sources = await world.compiledSources(repository, leg.aibrix)
    const call = { ...settings.call, leg, sources: { aibrix: repository } }
    const wanted = extensionOf(wheel, sources, settings.recipes.extension)
    const compiled = await world.artifacts.provide(wanted, async (folder) => {
      await confirmed
      const { steps } = await world.build({ ...call, output: { kind: 'extension', directory: folder } }, leg)
      return steps
    })
    extension = { ...compiled, name: wanted.name }
    const artifacts = { extension: compiled.folder }
    const { steps } = await world.build({ ...call, artifacts, output: { kind: 'wheel', directory } }, leg)
    await confirmed
    return steps
  })
  return { ...provided, ...(extension && { extension }) }
}

function provideUcx(
  ucx: Artifact,
  source: PinnedSource,
  { leg, settings, world, confirm }: Builder,
  whileMaking: () => void,
): Promise<Provided> {
  return world.artifacts.provide(ucx, async (directory) => {
    const confirmed = handled(confirm())
    whileMaking()
    const sources = { ucx: await world.fetchSource('ucx', source) }
    await confirmed
    const { steps } = await world.build(
      { ...settings.call, leg, sources, output: { kind: 'ucx', directory } },
      leg,
    )
    return steps
  })
}

/** @returns the promise, which is awaited later; until then, its failure is not an unhandled one */
function handled<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => undefined)
  return promise
}
