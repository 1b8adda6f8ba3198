import { commandsOf, groupsFor, ownCommands } from './commands.ts'
import type { DefinedInput, Definition } from './definition.ts'
import { kindOf, settings, stdinOption, variableOf } from './kinds.ts'
import type { Screen } from './paint.ts'
import { hanging, indented, padded, wrapped } from './wrap.ts'

type Row = { term: string; text: string }

/** From this width of a term on, its text is below it. */
const longTerm = 30

const exitCodes: Row[] = [
  { term: '0', text: 'done' },
  { term: '1', text: 'failed; the reason is in the lines that begin with "error:"' },
  { term: '2', text: 'options, inputs or the environment are wrong; nothing was done' },
  { term: '130', text: 'cancelled by Ctrl-C (143: by SIGTERM)' },
]

/** The help of the program, without the options of the commands */
export function generalHelp(definition: Definition, version: string, screen: Screen): string {
  const commands = [...commandsOf(definition), ...ownCommands].map(({ name, about }) => ({
    term: name,
    text: about,
  }))
  const own = Object.entries(settings).map(([name, text]) => ({ term: `--${name}`, text }))
  return [
    ...wrapped(`image-action ${version}: versions in, published and verified images out`, screen.width),
    '',
    ...wrapped('Usage: image-action <command> [options]', screen.width),
    ...section('Commands (image-action <command> --help shows the options)', commands, screen),
    ...section('Options of all commands', own, screen),
    ...section('Secrets', secretRows(definition), screen),
    ...section('Exit codes', exitCodes, screen),
    '',
  ].join('\n')
}

function secretRows(definition: Definition): Row[] {
  return definition.groups
    .flatMap(({ inputs }) => inputs)
    .filter((input) => kindOf(input) === 'secret')
    .map(({ name }) => ({ term: `--${stdinOption(name)}`, text: `or the variable ${variableOf(name)}` }))
}

/** The options of a command, below the headings of action.yml */
export function commandHelp(command: string, definition: Definition, screen: Screen): string {
  const about = commandsOf(definition).find(({ name }) => name === command)?.about ?? ''
  const own = Object.entries(settings).map(([name, text]) => ({ term: `--${name}`, text }))
  return [
    ...wrapped(`image-action ${command}${about === '' ? '' : `: ${about}`}`, screen.width),
    '',
    ...wrapped(`Usage: image-action ${command} [options]`, screen.width),
    ...groupsFor(command, definition).flatMap(({ title, inputs }) =>
      section(title, inputs.map(rowOf), screen),
    ),
    ...section('In a terminal', own, screen),
    '',
    ...wrapped(
      'Any option may also be given as an environment variable, such as INPUT_NAMESPACE. An option that is repeated has one line for each: --tags stable --tags "{{date}}".',
      screen.width,
    ),
    '',
  ].join('\n')
}

function rowOf(input: DefinedInput): Row {
  const { name, description, default: byDefault } = input
  const kind = kindOf(input)
  if (kind === 'secret')
    return {
      term: `--${stdinOption(name)}`,
      text: `${sentence(description)} Read from standard input; or set ${variableOf(name)}.`,
    }
  const term = kind === 'flag' ? `--[no-]${name}` : `--${name} <value>`
  const isTold = byDefault === '' || /default/i.test(description)
  return {
    term,
    text: isTold
      ? sentence(description)
      : `${sentence(description)} Default: ${byDefault.split('\n').join('; ')}`,
  }
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}

function section(title: string, rows: readonly Row[], { width, paint }: Screen): string[] {
  const column = Math.min(longTerm, Math.max(...rows.map(({ term }) => term.length)) + 2)
  return [
    '',
    ...wrapped(title, width).map((line) => paint('bold', line)),
    ...rows.map(({ term, text }) => {
      // Narrow: the text is below its term.
      if (width < 60 || term.length > column - 2)
        return indented(`${paint('cyan', term)}\n${indented(wrapped(text, width - 6).join('\n'), 4)}`)
      return hanging(`  ${paint('cyan', padded(term, column))}`, text, width)
    }),
  ]
}
