import { UserError } from '../errors.ts'
import { actionVersion } from '../version.ts'
import { answerTo } from './answer.ts'
import { readArguments } from './arguments.ts'
import { definition } from './definition.ts'
import { exitCodeOf } from './exit-code.ts'
import { type Host, hostOf, screenOf } from './host.ts'
import { openStep, type Step } from './step.ts'

/**
 * Prepares a run that is started with arguments, as no runner does.
 * @returns the exit code if the arguments ask about the program itself, such as `--help`
 */
export function openTerminal(process: NodeJS.Process): Step | number {
  const host = hostOf(process)
  const { stdout, stderr, env } = host
  for (const stream of [stdout, stderr])
    // Whoever reads may leave early, as `head` does.
    stream.on('error', () => undefined)
  const args = readArguments(host.args, definition)
  const answer = answerTo(args, definition, actionVersion, screenOf(stdout, env))
  if (answer === undefined)
    try {
      return openStep(args, host)
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      return refuse([...args.problems, error.message], host)
    }
  if ('problems' in answer) return refuse(answer.problems, host)
  stdout.write(answer.text)
  return exitCodeOf({ kind: 'succeeded' })
}

function refuse(problems: readonly string[], { stderr, env }: Host): number {
  const { paint } = screenOf(stderr, env)
  for (const problem of problems) stderr.write(`${paint('red', 'error:')} ${problem}\n`)
  return exitCodeOf({ kind: 'not begun' })
}
