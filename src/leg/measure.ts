import * as v from 'valibot'
import { UserError } from '../errors.ts'
import type { Leg } from '../plan/index.ts'
import { type BaseFacts, baseFactsSchema, type Facts, factsSchema, type LegFacts } from '../verify/index.ts'
import { addSteps, type Build, type BuildCall, type Step } from '../buildkit/index.ts'
import type { Layers } from '../store/index.ts'

export type MeasuringWorld = {
  build: Build
  /** A path in a new folder, for facts, metadata or a stage artifact */
  newPath: (name: string) => string
  readText: (path: string) => Promise<string>
}

const jsonObject = v.pipe(v.string(), v.parseJson(), v.record(v.string(), v.unknown()))

type Call = Omit<BuildCall, 'leg' | 'output' | 'layers'>

/** Measures the base as root, which BuildKit does once, however often it is asked for. @param steps gets those that ran */
export async function measureBase(
  leg: Leg,
  call: Call,
  { build, newPath, readText }: MeasuringWorld,
  steps: Step[],
): Promise<BaseFacts> {
  const directory = newPath('facts')
  addSteps(steps, (await build({ ...call, leg, output: { kind: 'facts', directory } }, leg)).steps)
  return parse(baseFactsSchema, 'base.json', await readJson(directory, 'base.json', readText))
}

/** Measures the base and what would be the image. @param steps gets those that ran */
export async function measureImage(
  leg: Leg,
  given: Call,
  { from }: Layers,
  { build, newPath, readText }: MeasuringWorld,
  steps: Step[],
): Promise<LegFacts> {
  const directory = newPath('facts')
  const layers = { from, to: undefined }
  const call = { ...given, leg, layers, output: { kind: 'report', directory } as const }
  addSteps(steps, (await build(call, leg)).steps)
  const read = (name: 'base' | 'image') => readFacts(name, directory, readText)
  return { base: await read('base'), image: await read('image') }
}

/** One file is measured as root, the other one as the image's user. */
async function readFacts(
  of: 'base' | 'image',
  directory: string,
  readText: MeasuringWorld['readText'],
): Promise<Facts> {
  const read = (name: string) => readJson(directory, name, readText)
  const running = await read(`running-${of}.json`)
  return parse(factsSchema, `${of}.json`, { ...(await read(`${of}.json`)), running })
}

async function readJson(directory: string, name: string, readText: MeasuringWorld['readText']) {
  return parse(jsonObject, name, await readText(`${directory}/${name}`))
}

function parse<Schema extends v.GenericSchema>(
  schema: Schema,
  name: string,
  value: unknown,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value)
  if (!result.success)
    throw new UserError(
      `The measured facts in ${name} are not of the form that is known: ${v.summarize(result.issues)}`,
    )
  return result.output
}
