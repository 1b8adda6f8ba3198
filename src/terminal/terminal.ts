import { actionVersion } from '../version.ts'
import { answerTo } from './answer.ts'
import { readArguments } from './arguments.ts'
import { definition } from './definition.ts'
import { exitCodeOf } from './exit-code.ts'
import { hostOf, screenOf } from './host.ts'
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
  if (answer === undefined) return openStep(args, host)
  if ('text' in answer) {
    stdout.write(answer.text)
    return exitCodeOf({ kind: 'succeeded' })
  }
  const { paint } = screenOf(stderr, env)
  for (const problem of answer.problems) stderr.write(`${paint('red', 'error:')} ${problem}\n`)
  return exitCodeOf({ kind: 'not begun' })
}
