import { parseArgs } from 'node:util'

/** An option. `given` is what was written, without a value; `isOpen`: its value is the next argument */
export type Option = {
  kind: 'option'
  given: string
  /** Without dashes; empty for a short one that no option has */
  name: string
  value: string | undefined
  isOpen: boolean
}

/** An argument that is no option. `after` is the option right before it, if that has no value. */
export type Word = { kind: 'word'; text: string; after: Option | undefined }

const help = '-h'

/** To the parser, `-versions` is eight short options, and the second dash of `-dry-run` ends all options. */
const oneShort = '-x'

/**
 * Divides a command line; what the options mean is decided elsewhere.
 * @param args without the program
 * @param withValue names of the options that have a value
 */
export function tokensOf(args: readonly string[], withValue: readonly string[]): (Option | Word)[] {
  const { tokens } = parseArgs({
    args: args.map((arg) => (/^-[^-]/.test(arg) ? oneShort : arg)),
    options: Object.fromEntries(withValue.map((name) => [name, { type: 'string' as const }])),
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const found: (Option | Word)[] = []
  let last: { option: Option | undefined; index: number } = { option: undefined, index: -1 }
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue
    const given = args[token.index] ?? ''
    if (token.kind === 'positional') {
      const after = last.index === token.index - 1 ? last.option : undefined
      found.push({ kind: 'word', text: given, after })
      last = { option: undefined, index: token.index }
      continue
    }
    const option = token.rawName.startsWith('--')
      ? longOption(token, args[token.index + 1])
      : shortOption(given)
    found.push(option)
    last = { option: option.value === undefined ? option : undefined, index: token.index }
  }
  return found
}

type OptionToken = {
  name: string
  rawName: string
  value: string | undefined
  inlineValue: boolean | undefined
}

function longOption({ name, rawName, value, inlineValue }: OptionToken, next: string | undefined): Option {
  const isOpen = value !== undefined && inlineValue === false
  return { kind: 'option', given: rawName, name, value: isOpen ? next : value, isOpen }
}

function shortOption(given: string): Option {
  return {
    kind: 'option',
    given: given.replace(/=.*$/s, ''),
    name: given === help ? 'help' : '',
    value: undefined,
    isOpen: false,
  }
}
