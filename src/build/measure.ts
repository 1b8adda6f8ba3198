import * as v from 'valibot'
import { UserError } from '../errors.ts'
import type { Leg } from '../plan/plan.ts'
import { type Facts, factsSchema, type LegFacts } from '../verify/facts.ts'
import type { BuildCall } from './argv.ts'
import type { Layers } from './layer-cache.ts'
import { addSteps, type Step } from './steps.ts'

export type MeasuringWorld = {
  /** Calls BuildKit. @throws UserError with the cause */
  build: (call: BuildCall, leg: Leg) => Promise<{ steps: Step[]; digest: string | undefined }>
  /** A path in a new folder, for facts, metadata or a stage artifact */
  newPath: (name: string) => string
  readText: (path: string) => Promise<string>
}

type Call = Omit<BuildCall, 'leg' | 'output' | 'layers'>

/** Measures the base, which BuildKit does once, however often it is asked for. @param steps gets those that ran */
export async function measureBase(
  leg: Leg,
  call: Call,
  { build, newPath, readText }: MeasuringWorld,
  steps: Step[],
): Promise<Facts> {
  const directory = newPath('facts')
  addSteps(steps, (await build({ ...call, leg, output: { kind: 'facts', directory } }, leg)).steps)
  return parseFacts('base.json', await readText(`${directory}/base.json`))
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
  const read = async (name: string) => parseFacts(name, await readText(`${directory}/${name}`))
  return { base: await read('base.json'), image: await read('image.json') }
}

function parseFacts(name: string, text: string): Facts {
  const result = v.safeParse(factsSchema, JSON.parse(text))
  if (!result.success)
    throw new UserError(
      `The measured facts in ${name} are not of the form that is known: ${v.summarize(result.issues)}`,
    )
  return result.output
}
