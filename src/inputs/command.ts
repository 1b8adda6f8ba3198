import { parseWhere, type Where } from '../inventory/index.ts'
import type { PlanPlace } from '../store/index.ts'
import { UserError } from '../errors.ts'
import type { RunsOn } from '../report/index.ts'
import { parseReference } from '../registry/index.ts'
import type { InputContext } from './context.ts'
import { choice, matching } from './fields.ts'
import { type NamedImage, readImage, refuseDefaultTags } from './named-image.ts'
import { readRunners } from './platforms.ts'
import { anyOf, type InputReader, quoted } from './problems.ts'
import { type Pruning, readPruning, refusePruning } from './pruning.ts'
import { readRequirement, readVerifying, readVerifyRunners, type Verifying } from './verifying.ts'

/** Which part of the work runs here. `run` is plan, build and promote in one process. */
export type Command =
  | { kind: 'run' }
  | { kind: 'plan'; runners: ReadonlyMap<string, RunsOn>; verifyRunners?: ReadonlyMap<string, RunsOn> }
  | { kind: 'build'; plan: PlanPlace; leg: string }
  | { kind: 'promote'; plan: PlanPlace; requireVerified: boolean }
  | { kind: 'list'; where: Where }
  | { kind: 'history' }
  | { kind: 'tag'; image: NamedImage }
  | ({ kind: 'verify' } & Verifying)
  | ({ kind: 'prune' } & Pruning)

const kinds = ['run', 'plan', 'build', 'promote', 'list', 'tag', 'verify', 'prune', 'history'] as const

/** Inputs that only some commands take. */
const commandsOf: Record<string, readonly string[]> = {
  plan: ['build', 'promote'],
  leg: ['build'],
  image: ['tag', 'verify'],
  where: ['list'],
  gpus: ['verify'],
  'verify-runners': ['plan'],
}

export function readCommand(reader: InputReader, context: InputContext, push: boolean): Command {
  const kind = choice(reader, 'command', kinds)
  // Which other inputs are wrong depends on the command that was meant.
  if (kind === undefined) return { kind: 'run' }
  for (const [input, commands] of Object.entries(commandsOf))
    if (reader.read(input) !== '' && !commands.includes(kind))
      reader.refuse(input, `it only with command: ${anyOf(commands)}`)
  if (kind === 'prune') return { kind, ...readPruning(reader, push) }
  refusePruning(reader)
  const requireVerified = readRequirement(reader, kind)
  if (kind === 'plan') return { kind, runners: readRunners(reader), ...readVerifyRunners(reader) }
  if (kind === 'verify') return { kind, ...readVerifying(reader) }
  if (kind === 'build') return { kind, plan: readPlan(reader, context), leg: readLeg(reader) }
  if (kind === 'list') return { kind, where: readWhere(reader) }
  if (kind !== 'promote' && kind !== 'tag') return { kind }
  if (!push) reader.refuse('push', `true with command: ${kind}, or auto where the event is no pull request`)
  if (kind === 'promote') return { kind, plan: readPlan(reader, context), requireVerified }
  refuseDefaultTags(reader)
  return { kind, image: readImage(reader) }
}

function readPlan(reader: InputReader, context: InputContext): PlanPlace {
  const text = reader.read('plan')
  if (text !== '' && context.fileExists(text)) return { kind: 'file', path: text }
  try {
    const { registry, path, tag } = parseReference(text)
    if (tag !== undefined && /^plan-[0-9a-f]{64}$/.test(tag))
      return { kind: 'registry', repository: { registry, path }, tag }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
  }
  reader.refuse(
    'plan',
    'the output "plan" of command: plan, which is a reference in the cache repository or the path of a file',
  )
  return { kind: 'file', path: text }
}

function readLeg(reader: InputReader): string {
  return (
    matching(reader, 'leg', /^[\w.-]+$/, 'the "leg" of a row of the output "matrix" of command: plan') ?? ''
  )
}

function readWhere(reader: InputReader): Where {
  const where = parseWhere(reader.read('where'))
  if (!('refused' in where)) return where
  for (const { term, allowed } of where.refused) reader.refuse('where', allowed, quoted(term))
  return { text: '', terms: [] }
}
