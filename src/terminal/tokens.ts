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

/**
 * Divides a command line; what the options mean is decided elsewhere.
 * @param args without the program
 * @param withValue names of the options that have a value
 */
export function tokensOf(args: readonly string[], withValue: readonly string[]): (Option | Word)[] {
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(withValue.map((name) => [name, { type: 'string' as const }])),
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const found: (Option | Word)[] = []
  let last: { option: Option | undefined; index: number } = { option: undefined, index: -1 }
  for (const token of tokens) {
    // `-versions` is seven short options to the parser, and one mistake to a user.
    if (token.kind === 'option-terminator' || (token.kind === 'option' && token.index === last.index))
      continue
    if (token.kind === 'positional') {
      const after = last.index === token.index - 1 ? last.option : undefined
      found.push({ kind: 'word', text: token.value, after })
      last = { option: undefined, index: token.index }
      continue
    }
    const option = token.rawName.startsWith('--') ? longOption(token) : shortOption(args[token.index] ?? '')
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

function longOption({ name, rawName, value, inlineValue }: OptionToken): Option {
  return { kind: 'option', given: rawName, name, value, isOpen: value !== undefined && inlineValue === false }
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
