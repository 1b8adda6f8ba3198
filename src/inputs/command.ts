import type { PlanPlace } from '../store/index.ts'
import { UserError } from '../errors.ts'
import type { RunsOn } from '../report/index.ts'
import { parseReference } from '../registry/index.ts'
import type { InputContext } from './context.ts'
import { choice, type Source } from './fields.ts'
import { readRunners } from './platforms.ts'
import { quoted } from './problems.ts'

/** Which part of the work is done here. `run` is plan, build and promote in one process. */
export type Command =
  | { kind: 'run' }
  | { kind: 'plan'; runners: ReadonlyMap<string, RunsOn> }
  | { kind: 'build'; plan: PlanPlace; leg: string }
  | { kind: 'promote'; plan: PlanPlace }
  | { kind: 'history' }

const kinds = ['run', 'plan', 'build', 'promote', 'history'] as const

export function readCommand(source: Source, context: InputContext, push: boolean): Command {
  const kind = choice(source, 'command', kinds)
  // What is wrong with the other inputs depends on which one was meant.
  if (kind === undefined) return { kind: 'run' }
  const forThis: Record<string, readonly string[]> = {
    plan: ['build', 'promote'],
    leg: ['build'],
  }
  for (const [input, commands] of Object.entries(forThis))
    if (source.read(input) !== '' && !commands.includes(kind))
      source.problems.add(input, quoted(source.read(input)), `only with command: ${commands.join(' or ')}`)
  if (kind === 'plan') return { kind, runners: readRunners(source) }
  if (kind === 'build') return { kind, plan: readPlace(source, context), leg: readLeg(source) }
  if (kind === 'promote') {
    if (!push)
      source.problems.add(
        'push',
        quoted(source.read('push')),
        'true, or auto where it is no pull request, with command: promote',
      )
    return { kind, plan: readPlace(source, context) }
  }
  return { kind }
}

function readPlace(source: Source, context: InputContext): PlanPlace {
  const text = source.read('plan')
  const allowed =
    'the output "plan" of command: plan: a reference in the cache repository, or the path of a file'
  if (text !== '' && context.fileExists(text)) return { kind: 'file', path: text }
  try {
    const { registry, path, tag } = parseReference(text)
    if (tag !== undefined && /^plan-[0-9a-f]{64}$/.test(tag))
      return { kind: 'registry', repository: { registry, path }, tag }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
  }
  source.problems.add('plan', quoted(text), allowed)
  return { kind: 'file', path: text }
}

function readLeg(source: Source): string {
  const leg = source.read('leg')
  if (!/^[\w.-]+$/.test(leg))
    source.problems.add('leg', quoted(leg), 'the "leg" of a row of the output "matrix" of command: plan')
  return leg
}
