import { commandsOf, groupsFor, ownCommands } from './commands.ts'
import { type DefinedInput, type Definition, inputsOf } from './definition.ts'
import { kindOf, settings, stdinOption } from './kinds.ts'

export const shells = ['bash', 'zsh'] as const

export type Shell = (typeof shells)[number]

/** Words that an input may have as its value, beside others */
export const valueWords: Readonly<Record<string, readonly string[]>> = {
  engine: ['vllm', 'sglang'],
  versions: ['default', 'latest'],
  'aibrix-version': ['default', 'latest'],
  'nixl-version': ['default', 'latest', 'base'],
  'ucx-version': ['auto'],
  integration: ['auto', 'patch', 'module', 'none'],
  'base-compression': ['as-published', 'zstd'],
  platforms: ['linux/amd64', 'linux/arm64'],
  unchanged: ['keep', 'retag'],
  push: ['auto', 'true', 'false'],
  network: ['default', 'host'],
  cache: ['registry', 'off'],
}

/** Inputs with the path of a file or a folder */
const fileInputs = ['plan', 'ca-certificates', 'extra-files']

function wordsFor(input: DefinedInput): readonly string[] {
  return valueWords[input.name] ?? (kindOf(input) === 'flag' ? ['true', 'false'] : [])
}

/** @returns a script to source in the shell. It asks nothing and starts no program. */
export function completionFor(shell: Shell, definition: Definition): string {
  return shell === 'bash' ? bashScript(definition) : zshScript(definition)
}

function optionNames(input: DefinedInput): string[] {
  const { name } = input
  const kind = kindOf(input)
  if (kind === 'secret') return [`--${stdinOption(name)}`]
  return kind === 'flag' ? [`--${name}`, `--no-${name}`] : [`--${name}`]
}

const ownOptions = Object.keys(settings).map((name) => `--${name}`)

function allCommands(definition: Definition): { name: string; about: string }[] {
  return [...commandsOf(definition), ...ownCommands]
}

function bashScript(definition: Definition): string {
  const names = allCommands(definition).map(({ name }) => name)
  const inputs = inputsOf(definition)
  const values = inputs.filter((input) => wordsFor(input).length > 0)
  const withValue = inputs.filter((input) => kindOf(input) === 'value').map(({ name }) => `--${name}`)
  const optionsOf = (command: string) =>
    [
      ...groupsFor(command, definition).flatMap((group) => group.inputs.flatMap(optionNames)),
      ...ownOptions,
    ].join(' ')
  return `# bash completion of image-action: source <(image-action completion bash)
_image_action() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} option='' command='' words='' index
  COMPREPLY=()
  # Bash divides --name=value at the equals sign.
  if [[ $word == = ]]; then
    option=$before word=''
  elif [[ $before == = ]]; then
    option=\${COMP_WORDS[COMP_CWORD - 2]}
  else
    case $before in ${withValue.join(' | ')}) option=$before ;; esac
  fi
  for ((index = 1; index < COMP_CWORD; index++)); do
    # The value of an option
    case \${COMP_WORDS[index - 1]} in = | ${withValue.join(' | ')}) continue ;; esac
    case \${COMP_WORDS[index]} in ${names.join(' | ')}) command=\${COMP_WORDS[index]} && break ;; esac
  done
  if [[ -n $option ]]; then
    case $option in
${values.map((input) => `      --${input.name}) words='${wordsFor(input).join(' ')}' ;;`).join('\n')}
      ${fileInputs.map((name) => `--${name}`).join(' | ')})
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        compopt -o filenames 2>/dev/null
        return 0
        ;;
    esac
  else
    case $command in
${commandsOf(definition)
  .map(({ name }) => `      ${name}) words='${optionsOf(name)}' ;;`)
  .join('\n')}
      completion) words='${shells.join(' ')}' ;;
      help) words='${commandsOf(definition)
        .map(({ name }) => name)
        .join(' ')}' ;;
      *) words='${[...names, '--help', '--version'].join(' ')}' ;;
    esac
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -F _image_action image-action
`
}

/** Characters of a description that are shown beside an option */
const longestAbout = 70

function zshScript(definition: Definition): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`
  const own = Object.entries(settings).map(([name, text]) => quoted(`--${name}[${about(text)}]`))
  const line = (name: string, specs: readonly string[]) => `    ${name}) options=(${specs.join(' ')}) ;;`
  const ofCommands = commandsOf(definition).map(({ name }) => {
    const inputs = groupsFor(name, definition).flatMap((group) => group.inputs)
    return line(name, [...inputs.flatMap(zshSpecs).map(quoted), ...own])
  })
  const words = (names: readonly string[]) => [quoted(`2:about:(${names.join(' ')})`)]
  return `#compdef image-action
# zsh completion of image-action: source <(image-action completion zsh), after compinit
_image_action() {
  local -a commands options
  commands=(${allCommands(definition)
    .map(({ name, about: text }) => quoted(`${name}:${text}`))
    .join(' ')})
  if ((CURRENT == 2)) && [[ $words[2] != -* ]]; then
    _describe command commands
    return
  fi
  case $words[2] in
${ofCommands.join('\n')}
${line('completion', words(shells))}
${line('help', words(commandsOf(definition).map(({ name }) => name)))}
    *) options=(${own.join(' ')}) ;;
  esac
  _arguments '1:command:' $options
}
if [[ $funcstack[1] == _image_action ]]; then _image_action "$@"; else compdef _image_action image-action; fi
`
}

/** The specifications of an option for `_arguments` (zshcompsys(1)) */
function zshSpecs(input: DefinedInput): string[] {
  const { name, description } = input
  const text = about(description)
  const action = fileInputs.includes(name) ? '_files' : `(${wordsFor(input).join(' ')})`
  if (kindOf(input) === 'secret') return [`--${stdinOption(name)}[${text}]`]
  if (kindOf(input) === 'flag') return [`--${name}=-[${text}]::${name}:${action}`, `--no-${name}[${text}]`]
  return [`*--${name}=[${text}]:${name}:${action}`]
}

/** The beginning of a text, with what `_arguments` would read as its own escaped */
function about(text: string): string {
  const [first = ''] = text.split('. ')
  const short = first.length > longestAbout ? `${first.slice(0, longestAbout - 1)}…` : first
  return short.replace(/[[\]:\\]/g, '\\$&')
}
