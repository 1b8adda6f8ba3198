import { anyOf, nearest } from '../inputs/index.ts'
import { passwordsInAddresses } from '../system/index.ts'
import { excerpt } from '../text.ts'
import { commandsOf, ownCommands } from './commands.ts'
import { type DefinedInput, type Definition, inputsOf } from './definition.ts'
import { isSetting, kindOf, secretInputs, type Setting, settings, stdinOption, variableOf } from './kinds.ts'
import { type Option, tokensOf, type Word } from './tokens.ts'

/** The arguments of a command line, with a sentence for each that is wrong. */
export type Arguments = {
  /** Undefined if there is none that exists */
  command: string | undefined
  /** What follows `help` or `completion` */
  topic: string | undefined
  /** Name of an input → its value; an option that is repeated gives lines */
  inputs: ReadonlyMap<string, string>
  settings: ReadonlySet<Setting>
  /** Inputs that standard input is to hold; one at most if there are no problems */
  stdin: readonly string[]
  problems: readonly string[]
}

/** The options of action.yml, and the names of all commands */
type Known = { inputs: ReadonlyMap<string, DefinedInput>; names: readonly string[] }

type Reading = {
  values: Map<string, string[]>
  settings: Set<Setting>
  stdin: Set<string>
  words: Word[]
  problems: Set<string>
}

/** Words that a flag takes without `=`; no command has such a name. */
const flagWords = ['true', 'false', 'auto']

/** Characters of a wrong name that are shown */
const shown = 60

/**
 * Reads a command line. All mistakes are found at once; no value is shown, since it may be a secret.
 * @param args without the program
 */
export function readArguments(args: readonly string[], definition: Definition): Arguments {
  const inputs = new Map(inputsOf(definition).map((input) => [input.name, input]))
  const names = [...commandsOf(definition), ...ownCommands].map(({ name }) => name)
  const known = { inputs, names }
  const withValue = [...inputs.values()].filter((input) => kindOf(input) !== 'flag').map(({ name }) => name)
  const reading: Reading = {
    values: new Map(),
    settings: new Set(),
    stdin: new Set(),
    words: [],
    problems: new Set(),
  }
  for (const token of tokensOf(args, withValue)) {
    if (token.kind === 'option') readOption(token, known, reading)
    else readWord(token, known, reading)
  }
  const { values, problems } = reading
  const { command, topic } = commandOf(reading, names)
  if (reading.stdin.size > 1)
    problems.add(
      `Standard input can hold only one of ${[...reading.stdin].join(', ')}; give the others by environment variables such as ${variableOf('password')}.`,
    )
  return {
    ...{ command, topic, settings: reading.settings, stdin: [...reading.stdin], problems: [...problems] },
    inputs: new Map([...values].map(([name, lines]) => [name, lines.join('\n')])),
  }
}

function readOption(option: Option, known: Known, reading: Reading): void {
  const { inputs } = known
  const { given, name, value, isOpen } = option
  const { problems } = reading
  const input = inputs.get(name)
  const refused = inputs.get(name.replace(/^no-/, ''))
  const fromStdin = stdinInput(option)
  if (isSetting(name) || fromStdin !== undefined) {
    if (value !== undefined) problems.add(`${given} takes no value; remove it.`)
    if (isSetting(name)) reading.settings.add(name)
    else reading.stdin.add(fromStdin ?? '')
  } else if (input !== undefined) readInput(option, input, reading)
  else if (name.startsWith('no-') && refused !== undefined && kindOf(refused) === 'flag') {
    if (value === undefined) add(reading, refused.name, 'false')
    else problems.add(`${given} takes no value; write --${refused.name}=<value>.`)
  } else problems.add(unknown(given, known))
  // The parser took the next option as the value of this one.
  if (isOpen && value?.startsWith('--') && input !== undefined)
    problems.add(`${given} needs a value; if it begins with "--", write ${given}=<value>.`)
}

/** @returns the secret that an option reads from standard input, if it does */
function stdinInput({ name }: Option): string | undefined {
  return secretInputs.find((secret) => stdinOption(secret) === name)
}

function readInput({ given, value }: Option, input: DefinedInput, reading: Reading): void {
  const kind = kindOf(input)
  const { name } = input
  const safely = `set the environment variable ${variableOf(name)}`
  if (kind === 'secret')
    reading.problems.add(
      `${given} is a secret, and every process on this machine can read arguments; pipe it into --${stdinOption(name)}, or ${safely}.`,
    )
  else if (value === undefined && kind === 'value') reading.problems.add(`${given} needs a value.`)
  else if (passwordsInAddresses(value ?? '').length > 0)
    reading.problems.add(
      `${given} contains a password (not shown), and every process on this machine can read arguments; ${safely} instead.`,
    )
  else add(reading, name, value ?? 'true')
}

function add({ values }: Reading, name: string, value: string): void {
  values.set(name, [...(values.get(name) ?? []), value])
}

/** A word is `false` behind a flag, the value of an unknown option, or else for `commandOf`. */
function readWord(word: Word, { inputs, names }: Known, reading: Reading): void {
  const { text, after } = word
  const flag = after && inputs.get(after.name)
  // `readOption` has noted the flag as true.
  if (flag && flagWords.includes(text)) reading.values.get(flag.name)?.splice(-1, 1, text)
  else if (after === undefined || isKnown(after, inputs) || names.includes(text)) reading.words.push(word)
}

function isKnown({ name }: Option, inputs: ReadonlyMap<string, DefinedInput>): boolean {
  return isSetting(name) || inputs.has(name) || inputs.has(name.replace(/^no-|-stdin$/g, ''))
}

/** The first word is the command; the second one is for commands about something. */
function commandOf(
  { words, values, settings, problems }: Reading,
  names: readonly string[],
): Pick<Arguments, 'command' | 'topic'> {
  const [first, second, ...more] = words
  const isAbout = ownCommands.some(({ name }) => name === first?.text)
  const [extra] = isAbout ? more : words.slice(1)
  if (extra !== undefined) problems.add(extraWord(extra))
  const given = values.get('command')?.at(-1)
  const command = first?.text ?? given
  if (command === undefined) {
    if (!settings.has('help') && !settings.has('version'))
      problems.add(`There is no command; use ${anyOf(names)}.`)
  } else if (!names.includes(command)) {
    const meant = nearest(command, names)
    // Far from any command, it may be a value that lost its option.
    problems.add(
      meant !== undefined
        ? `There is no command "${command}"; use ${meant}.`
        : first?.after === undefined
          ? `The first word is no command (not shown); use ${anyOf(names)}.`
          : extraWord(first),
    )
  } else if (given !== undefined && given !== command)
    problems.add(`The command is given twice, as ${command} and in --command; use one of them.`)
  const isOne = command !== undefined && names.includes(command)
  return { command: isOne ? command : undefined, topic: isAbout ? second?.text : undefined }
}

function extraWord(word: Word): string {
  // What follows the letter of a short option may be a value, as in `-phunter2`.
  const after = word.after?.name === '' ? undefined : word.after
  const where = after === undefined ? 'There is a word that is' : `The word after ${after.given} is`
  if (after?.name === 'version') return `${where} not its value; use --versions.`
  if (after !== undefined && !isSetting(after.name) && stdinInput(after) === undefined)
    return `${where} not its value; write ${after.given.replace(/^--no-/, '--')}=<value>.`
  return `${where} no option (not shown); options begin with --, and a value with blanks needs quotes.`
}

/** @param given as written, without a value */
function unknown(given: string, { inputs }: Known): string {
  const options = [...inputs.values()].map((input) =>
    kindOf(input) === 'secret' ? stdinOption(input.name) : input.name,
  )
  const meant = nearest(given.replace(/^-+(?:no-)?/, ''), [
    ...options,
    ...Object.keys(settings),
    ...secretInputs,
  ])
  const use =
    meant === undefined ? 'remove it' : `use --${secretInputs.includes(meant) ? stdinOption(meant) : meant}`
  return `There is no option ${nameOf(given, meant !== undefined)}; ${use}.`
}

/** A short option may have its value behind it, as in `-phunter2`. @param isMeant whether it is misspelt */
function nameOf(given: string, isMeant: boolean): string {
  const [dash = '', letter = '', ...more] = given
  const isName = isMeant || letter === '-' || more.length === 0
  return isName ? excerpt(given, shown) : excerpt(`${dash}${letter}… (not shown)`, shown)
}
