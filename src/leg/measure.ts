import * as v from 'valibot'
import { UserError } from '../errors.ts'
import type { Leg } from '../plan/index.ts'
import { type BaseFacts, baseFactsSchema, type Facts, factsSchema, type LegFacts } from '../verify/index.ts'
import type { BuildCall } from '../buildkit/index.ts'
import type { Layers } from '../store/index.ts'
import type { MeasuringWorld } from './world.ts'

/** What all calls for a leg have in common. */
export type CallSettings = Omit<BuildCall, 'leg' | 'output' | 'layers'>

const jsonObject = v.pipe(v.string(), v.parseJson(), v.record(v.string(), v.unknown()))

/** Measures the base as root, which BuildKit does once, however often it is requested. */
export async function measureBase(leg: Leg, call: CallSettings, world: MeasuringWorld): Promise<BaseFacts> {
  const directory = await measured({ ...call, leg }, 'facts', world)
  return parse(baseFactsSchema, 'base.json', await readJson(directory, 'base.json', world))
}

/** Measures the base and the image that would be built. */
export async function measureImage(
  leg: Leg,
  call: CallSettings,
  { from }: Layers,
  world: MeasuringWorld,
): Promise<LegFacts> {
  const directory = await measured({ ...call, leg, layers: { from, to: undefined } }, 'report', world)
  return readBoth(directory, world)
}

/** Measures an image that exists, by its digest, as the one that would be built, and its base. */
export async function measureExisting(
  leg: Leg,
  call: CallSettings,
  existing: string,
  world: MeasuringWorld,
): Promise<LegFacts> {
  return readBoth(await measured({ ...call, leg, existing }, 'report', world), world)
}

async function readBoth(directory: string, world: MeasuringWorld): Promise<LegFacts> {
  // One file is measured as root, the other one as the image's user.
  const read = async (of: 'base' | 'image'): Promise<Facts> => {
    const running = await readJson(directory, `running-${of}.json`, world)
    const asRoot = await readJson(directory, `${of}.json`, world)
    return parse(factsSchema, `${of}.json`, { ...asRoot, running })
  }
  return { base: await read('base'), image: await read('image') }
}

/** @returns the folder with the results */
async function measured(
  call: Omit<BuildCall, 'output'>,
  kind: 'facts' | 'report',
  { build, newPath }: MeasuringWorld,
): Promise<string> {
  const directory = newPath('facts')
  await build({ ...call, output: { kind, directory } }, call.leg)
  return directory
}

async function readJson(directory: string, name: string, { readText }: MeasuringWorld) {
  return parse(jsonObject, name, await readText(`${directory}/${name}`))
}

function parse<Output>(schema: v.GenericSchema<unknown, Output>, name: string, value: unknown): Output {
  const result = v.safeParse(schema, value)
  if (result.success) return result.output
  throw new UserError(`The measured facts in ${name} have an unknown format: ${v.summarize(result.issues)}`)
}
