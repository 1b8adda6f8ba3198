import type { Arguments } from './arguments.ts'
import { completionFor, shells } from './completion.ts'
import type { Definition } from './definition.ts'
import { commandHelp, generalHelp } from './help.ts'
import type { Screen } from './paint.ts'

/** A text for standard output, or sentences for standard error */
export type Answer = { text: string } | { problems: readonly string[] }

/** @returns what a command line gets that asks about the program itself; undefined for all others */
export function answerTo(
  { command, topic, settings, problems }: Arguments,
  definition: Definition,
  version: string,
  screen: Screen,
): Answer | undefined {
  const about = command === 'help' || command === 'completion' ? topic : command
  const isCommand = definition.commands.some(({ name }) => name === about)
  if (command === 'help' && topic !== undefined && !isCommand)
    return { problems: [...problems, 'There is no help about this (not shown); name a command, or nothing.'] }
  if (settings.has('help') || command === 'help')
    return {
      text:
        about !== undefined && isCommand
          ? commandHelp(about, definition, screen)
          : generalHelp(definition, version, screen),
    }
  if (command === 'completion') {
    const shell = shells.find((name) => name === topic)
    if (shell !== undefined && problems.length === 0) return { text: completionFor(shell, definition) }
    const missing =
      shell === undefined ? [`There is a completion for ${shells.join(' and ')}; name one of them.`] : []
    return { problems: [...problems, ...missing] }
  }
  return settings.has('version') && problems.length === 0 ? { text: `${version}\n` } : undefined
}
