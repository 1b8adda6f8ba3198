import { existsSync, readdirSync, statSync } from 'node:fs'
import type { Arguments } from './arguments.ts'
import { definition } from './definition.ts'
import { type Host, screenOf } from './host.ts'
import type { Messages } from './messages.ts'
import { withoutCommands } from './printable.ts'
import { outputsAsJson, outputsForPeople } from './results.ts'

/** What a step has left for its runner */
export type Results = { summary: string; outputs: Readonly<Record<string, string>> }

export type ShowSettings = Pick<Host, 'env' | 'stdout' | 'stderr'> &
  Pick<Arguments, 'settings'> & {
    messages: Messages
    /** Writes to standard output, where `stdout` is diverted */
    write: (text: string) => void
  }

/** Shows the summary on standard output and the paths after it; with `--json`, the outputs there. */
export async function showResults({ summary, outputs }: Results, settings: ShowSettings): Promise<void> {
  const { env, stdout, stderr, messages, write } = settings
  const isJson = settings.settings.has('json')
  const toStderr = (text: string): void => {
    stderr.write(text)
  }
  // A runner drops such an output of a job, too.
  const [kept, secret] = [true, false].map((isKept) =>
    Object.entries(outputs).filter(([, value]) => messages.holdsSecret(value) !== isKept),
  )
  for (const [name] of secret ?? [])
    toStderr(`warning: The output "${name}" is left out: it contains a secret.\n`)
  if (summary !== '') {
    const screen = screenOf(isJson ? stderr : stdout, env)
    const { renderForTerminal } = await import('./summary.ts')
    const clean = (text: string): string => messages.redact(text)
    const text = renderForTerminal(summary, { ...screen, clean, details: settings.settings.has('details') })
    ;(isJson ? toStderr : write)(`\n${env.GITHUB_ACTIONS === 'true' ? withoutCommands(text) : text}`)
  }
  const shown = Object.fromEntries(kept ?? [])
  toStderr(`\n${outputsForPeople(shown, definition, screenOf(stderr, env), isEmptyFolder)}`)
  if (isJson) write(outputsAsJson(shown, definition))
}

function isEmptyFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory() && readdirSync(path).length === 0
}
