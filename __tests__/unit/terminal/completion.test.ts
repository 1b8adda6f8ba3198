import { describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { actionDefaults } from '../../../script/action-defaults.ts'
import { readDefinition } from '../../../script/action-definition.ts'
import { workflowEvent } from '../../../src/inputs/context.ts'
import { readInputs } from '../../../src/inputs/inputs.ts'
import { groupsFor, namedHere } from '../../../src/terminal/commands.ts'
import { completionFor, valueWords } from '../../../src/terminal/completion.ts'
import { inputsOf } from '../../../src/terminal/definition.ts'
import { readArguments } from '../../../src/terminal/arguments.ts'

const definition = readDefinition()
const inputs = inputsOf(definition).map(({ name }) => name)

/** Asks bash for the completions of the last word, as it would call the function after a Tab. */
function complete(...words: string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'completion-'))
  try {
    for (const name of ['plan.json', 'a certificate.pem']) writeFileSync(join(folder, name), '')
    const script = `${completionFor('bash', definition)}
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_image_action
printf '%s\\n' "\${COMPREPLY[@]}"`
    const args = ['--noprofile', '--norc', '-uc', script, 'bash', 'image-action', ...words]
    return execFileSync('bash', args, { encoding: 'utf8', cwd: folder }).split('\n').filter(Boolean)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe('in bash', () => {
  it.each<[string, string[], string[]]>([
    ['commands', ['p'], ['plan', 'promote', 'prune']],
    ['the shells', ['completion', ''], ['bash', 'zsh']],
    ['commands to get help for', ['help', 't'], ['tag']],
    ['options', ['plan', '--ver'], ['--versions', '--verify-runners', '--verbose', '--version']],
    ['both forms of a flag', ['run', '--no-fail'], ['--no-fail-fast']],
    ['options of this command only', ['list', '--where'], ['--where']],
    ['no options of others', ['plan', '--where'], []],
    ['options after others', ['plan', '--engine', 'vllm', '--json', '--int'], ['--integration']],
    ['values', ['plan', '--integration', ''], ['auto', 'patch', 'module', 'none']],
    ['the beginning of a value', ['plan', '--integration', 'm'], ['module']],
    // Bash makes three words of --cache=registry.
    ['values behind =', ['run', '--cache', '=', 'r'], ['registry']],
    ['all values behind =', ['run', '--push', '='], ['auto', 'true', 'false']],
    ['files', ['build', '--plan', 'pl'], ['plan.json']],
    ['files with a blank in their names', ['plan', '--ca-certificates', 'a'], ['a certificate.pem']],
    ['a folder', ['run', '--extra-files', 'pl'], ['plan.json']],
    ['options of a command behind a flag', ['--json', 'plan', '--engi'], ['--engine']],
    ['options after a flag', ['run', '--push', '--no-pu'], ['--no-push']],
    ['nothing where anything is possible', ['plan', '--namespace', ''], []],
    ['secrets by standard input', ['run', '--pass'], ['--password-stdin']],
    [
      'options of the command, not of a value with its name',
      ['build', '--namespace', 'plan', '--le'],
      ['--leg'],
    ],
  ])('%s', (_, words, expected) => {
    expect(complete(...words)).toEqual(expected)
  })

  it('every input is among the options of a command, and each option is one', () => {
    const options = definition.commands.flatMap(({ name }) => complete(name, '--'))
    for (const name of inputs.filter((input) => input !== 'command'))
      expect(options.some((option) => option === `--${name}` || option === `--${name}-stdin`)).toBe(true)
    for (const option of options)
      expect(readArguments(['plan', option], definition).problems.join()).not.toMatch(/no option/)
  })
})

it('zsh gets the same options, with what _arguments would read as its own escaped', () => {
  const script = completionFor('zsh', definition)
  for (const name of inputs.filter((input) => input !== 'command')) expect(script).toContain(`--${name}`)
  expect(script).toMatch(/^#compdef image-action\n/)
  expect(script).toContain(
    `'*--integration=[How AIBrix is connected to the engine\\: auto, patch, module, or none]:integration:(auto patch module none)'`,
  )
  expect(script).toContain(
    "'--push=-[true, false, or auto\\: push except on pull_request, pull_request_targe…]::push:(auto true false)'",
  )
  expect(script).toContain("'--password-stdin[Password or token for the registry]'")
})

it('each value that is offered is one that the input may have', () => {
  const event = workflowEvent({})
  for (const [name, words] of Object.entries(valueWords))
    for (const word of words) {
      const given: Record<string, string> = { ...actionDefaults(), push: 'false', [name]: word }
      expect(() =>
        readInputs((input) => given[input] ?? '', {
          event,
          now: new Date(0),
          fileExists: () => true,
          readFolder: () => undefined,
        }),
      ).not.toThrow()
    }
})

describe('the options of a command', () => {
  it('come from headings and inputs that action.yml has', () => {
    expect(definition.groups.map(({ title }) => title)).toEqual(expect.arrayContaining(namedHere.titles))
    expect(inputs).toEqual(expect.arrayContaining(namedHere.inputs))
  })

  it.each<[string, string[], string[]]>([
    [
      'plan',
      ['engine', 'versions', 'runners', 'tags', 'registry'],
      ['leg', 'where', 'apply', 'builder', 'command'],
    ],
    ['build', ['plan', 'leg', 'builder', 'secrets', 'verify'], ['versions', 'runners', 'tags', 'apply']],
    ['list', ['engine', 'where', 'mirrors', 'base-registry'], ['leg', 'tags', 'builder']],
    ['prune', ['apply', 'keep-days', 'github-token', 'engine'], ['versions', 'where', 'builder']],
    ['verify', ['image', 'gpus', 'versions', 'allow-failed'], ['tags', 'where', 'apply']],
    ['history', ['summary'], ['engine', 'registry']],
    ['a command of tomorrow', inputs.filter((input) => input !== 'command'), ['command']],
  ])('%s', (command, some, none) => {
    const names = groupsFor(command, definition).flatMap((group) => group.inputs.map(({ name }) => name))
    expect(names).toEqual(expect.arrayContaining(some))
    expect(names.filter((name) => none.includes(name))).toEqual([])
  })
})
