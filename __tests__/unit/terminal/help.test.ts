import { describe, expect, it } from '@jest/globals'
import stringWidth from 'string-width'
import { readAction } from '../../../script/action-defaults.ts'
import { inputGroups, readDefinition } from '../../../script/action-definition.ts'
import { answerTo } from '../../../src/terminal/answer.ts'
import { readArguments } from '../../../src/terminal/arguments.ts'
import { groupsFor } from '../../../src/terminal/commands.ts'
import { definition as empty } from '../../../src/terminal/definition.ts'
import { commandHelp, generalHelp } from '../../../src/terminal/help.ts'
import { painter } from '../../../src/terminal/paint.ts'

const definition = readDefinition()
const commands = definition.commands.map(({ name }) => name)
const screen = (width: number) => ({ width, paint: painter(false) })

/** A text as one line, since help is wrapped. */
function unwrapped(text: string): string {
  return text.replace(/\s+/g, ' ')
}

it('the commands are those of action.yml', () => {
  expect(commands).toEqual(['run', 'plan', 'build', 'promote', 'list', 'tag', 'verify', 'prune', 'history'])
})

it('the source has no definition: the bundle fills it in', () => {
  expect(empty).toEqual({ commands: [], groups: [], jsonOutputs: [] })
})

it('JSON are the outputs that action.yml calls so', () => {
  expect(definition.jsonOutputs).toEqual(
    expect.arrayContaining(['matrix', 'images', 'tags', 'digests', 'attestations']),
  )
  expect(definition.jsonOutputs).not.toContain('plan')
})

describe.each(commands)('the help of %s', (command) => {
  const text = commandHelp(command, definition, screen(80))

  it('has the headings and the descriptions of action.yml', () => {
    for (const { title, inputs } of groupsFor(command, definition)) {
      expect(text).toContain(`\n${title}\n`)
      for (const { description } of inputs) expect(unwrapped(text)).toContain(unwrapped(description))
    }
  })

  it.each([40, 80, 200])('fits %d columns', (width) => {
    const lines = commandHelp(command, definition, screen(width)).split('\n')
    // A name of an option may be longer than a narrow terminal.
    expect(lines.filter((line) => stringWidth(line) > width && line.trim().includes(' '))).toEqual([])
  })
})

it('each input is in the help of a command', () => {
  const all = commands.map((command) => commandHelp(command, definition, screen(200))).join()
  for (const name of Object.keys(readAction().inputs).filter((input) => input !== 'command'))
    expect(all).toMatch(new RegExp(`--(?:\\[no-\\])?${name}[ -]`))
  expect(
    inputGroups()
      .map(({ title }) => title)
      .filter((title) => !all.includes(title)),
  ).toEqual(['Which part of the work'])
})

it.each([40, 80])('the general help fits %d columns', (width) => {
  const lines = generalHelp(definition, '1.2.3', screen(width)).split('\n')
  expect(lines.filter((line) => stringWidth(line) > width)).toEqual([])
})

it('the general help has commands, secrets and exit codes', () => {
  const text = generalHelp(definition, '1.2.3', screen(80))
  for (const part of [
    'image-action 1.2.3',
    ...commands,
    'completion',
    '--password-stdin',
    'INPUT_PASSWORD',
    '--json',
    '130',
  ])
    expect(text).toContain(part)
})

describe('a command line about the program', () => {
  it.each<[string[], RegExp]>([
    [['--help'], /^image-action 1\.2\.3/],
    [['-h'], /^image-action 1\.2\.3/],
    [['help'], /^image-action 1\.2\.3/],
    [['help', 'plan'], /^image-action plan: /],
    [['plan', '--help'], /^image-action plan: /],
    [['plan', '--engine', 'vllm', '--bogus', '-h'], /^image-action plan: /],
    [['--version'], /^1\.2\.3\n$/],
    [['run', '--version'], /^1\.2\.3\n$/],
    [['completion', 'bash'], /^# bash completion/],
    [['completion', 'zsh'], /^#compdef image-action/],
  ])('%j gets a text', (args, text) => {
    expect(answerTo(readArguments(args, definition), definition, '1.2.3', screen(80))).toEqual({
      text: expect.stringMatching(text) as unknown,
    })
  })

  it.each<[string[], string[]]>([
    [['completion'], ['There is a completion for bash and zsh; name one of them.']],
    [['help', 'nothing'], ['There is no help about this (not shown); name a command, or nothing.']],
    [['completion', 'fish'], ['There is a completion for bash and zsh; name one of them.']],
    [['completion', 'bash', '--bogus'], ['There is no option --bogus; remove it.']],
  ])('%j gets its mistakes', (args, problems) => {
    expect(answerTo(readArguments(args, definition), definition, '1.2.3', screen(80))).toEqual({ problems })
  })

  it.each([[['plan']], [[]], [['--version', '--bogus']]])('%j does not ask', (args) => {
    expect(answerTo(readArguments(args, definition), definition, '1.2.3', screen(80))).toBeUndefined()
  })
})
