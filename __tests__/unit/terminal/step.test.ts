import { describe, expect, it } from '@jest/globals'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setOutput } from '@actions/core'
import { readDefinition } from '../../../script/action-definition.ts'
import { divert } from '../../../src/terminal/divert.ts'
import { stepVariables } from '../../../src/terminal/environment.ts'
import { type Ending, exitCodeOf } from '../../../src/terminal/exit-code.ts'
import { parseFileCommands } from '../../../src/terminal/file-commands.ts'
import { hasColours, painter, widthOf } from '../../../src/terminal/paint.ts'
import { outputsAsJson, outputsForPeople } from '../../../src/terminal/results.ts'

const definition = readDefinition()
const files = { output: '/o', state: '/s', summary: '/m' }

describe('the variables of a step', () => {
  const variables = (
    inputs: Record<string, string>,
    environment: NodeJS.ProcessEnv = {},
    { command = 'plan', stdin = [] as string[], text = '' } = {},
  ) =>
    stepVariables(
      { inputs: new Map(Object.entries(inputs)), command, stdin },
      environment,
      definition,
      files,
      text,
    )

  it('are those that a runner sets', () => {
    expect(variables({ engine: 'vllm' })).toMatchObject({
      ...{ GITHUB_OUTPUT: '/o', GITHUB_STATE: '/s', GITHUB_STEP_SUMMARY: '/m' },
      ...{
        INPUT_COMMAND: 'plan',
        INPUT_ENGINE: 'vllm',
        INPUT_VERSIONS: 'default',
        'INPUT_NIXL-VERSION': 'default',
      },
    })
  })

  it.each<[string, Record<string, string>, NodeJS.ProcessEnv, string]>([
    ['the default', {}, {}, ''],
    ['a variable as a shell can set it', {}, { INPUT_GITHUB_TOKEN: 'b' }, 'b'],
    ['a variable as a runner sets it', {}, { 'INPUT_GITHUB-TOKEN': 'a', INPUT_GITHUB_TOKEN: 'b' }, 'a'],
    ['an argument', { 'github-token': 'c' }, { 'INPUT_GITHUB-TOKEN': 'a', INPUT_GITHUB_TOKEN: 'b' }, 'c'],
    ['an empty argument', { 'github-token': '' }, { INPUT_GITHUB_TOKEN: 'b' }, ''],
  ])('have from least to most: %s', (_, inputs, environment, expected) => {
    const found = variables(inputs, environment)
    expect(found['INPUT_GITHUB-TOKEN']).toBe(expected)
    // Main would take it for a misspelt input.
    expect(found).toHaveProperty('INPUT_GITHUB_TOKEN', undefined)
  })

  it.each([
    ['password', 'a secret \n', 'a secret '],
    ['password', 'a secret', 'a secret'],
    ['secrets', 'a<<END\nb\n\nEND\r\n', 'a<<END\nb\n\nEND'],
  ])('have standard input for %s without its last line end: %j', (name, text, expected) => {
    const found = variables({}, { INPUT_PASSWORD: 'other' }, { stdin: [name], text })
    expect(found[`INPUT_${name.toUpperCase()}`]).toBe(expected)
  })
})

it('outputs are read as @actions/core writes them, the last one of a name', () => {
  const folder = mkdtempSync(join(tmpdir(), 'outputs-'))
  const file = join(folder, 'output')
  writeFileSync(file, '')
  const before = process.env.GITHUB_OUTPUT
  process.env.GITHUB_OUTPUT = file
  try {
    for (const [name, value] of [
      ['a', 'x'],
      ['b-c', 'two\nlines\n'],
      ['a', ''],
      ['d', 'a<<b\nb'],
    ] as const)
      setOutput(name, value)
    expect(parseFileCommands(readFileSync(file, 'utf8'))).toEqual({
      a: '',
      'b-c': 'two\nlines\n',
      d: 'a<<b\nb',
    })
  } finally {
    if (before === undefined) delete process.env.GITHUB_OUTPUT
    else process.env.GITHUB_OUTPUT = before
    rmSync(folder, { recursive: true })
  }
})

it('a diverted stream has whole lines, however they were written, and can be written to still', () => {
  const written: string[] = []
  const stream = {
    write: (chunk: string | Uint8Array) => {
      written.push(String(chunk))
      return true
    },
  }
  const lines: string[] = []
  const calls: string[] = []
  const write = divert(stream, (line) => lines.push(line))
  const bytes = Buffer.from('ü\n')
  stream.write('a\nb')
  stream.write('c\r\n')
  for (const byte of [bytes.subarray(0, 1), bytes.subarray(1)]) stream.write(byte)
  const later = stream.write as (chunk: string, ...more: unknown[]) => boolean
  later('', () => calls.push('second'))
  later('', 'utf8', () => calls.push('third'))
  write('out')
  expect(lines).toEqual(['a', 'bc', 'ü'])
  expect(calls).toEqual(['second', 'third'])
  expect(written).toEqual(['out'])
})

it.each<[boolean, NodeJS.ProcessEnv, boolean]>([
  [true, {}, true],
  [false, {}, false],
  [true, { NO_COLOR: '1' }, false],
  [true, { NO_COLOR: '' }, true],
  [true, { TERM: 'dumb' }, false],
  [false, { FORCE_COLOR: '1' }, true],
  [false, { FORCE_COLOR: '' }, true],
  [true, { FORCE_COLOR: '0' }, false],
  [true, { FORCE_COLOR: '1', NO_COLOR: '1' }, true],
])('a terminal: %s, with %j, has colours: %s', (isTerminal, environment, expected) => {
  expect(hasColours(isTerminal, environment)).toBe(expected)
})

it.each<[number | undefined, NodeJS.ProcessEnv, number]>([
  [120, {}, 120],
  [120, { COLUMNS: '60' }, 120],
  [undefined, { COLUMNS: '60' }, 60],
  [undefined, {}, 80],
  [undefined, { COLUMNS: 'wide' }, 80],
  [undefined, { COLUMNS: '0' }, 20],
  [0, {}, 80],
  [3, {}, 20],
])('%s columns with %j are %d', (columns, environment, expected) => {
  expect(widthOf(columns, environment)).toBe(expected)
})

it.each<[Ending, number]>([
  [{ kind: 'succeeded' }, 0],
  [{ kind: 'failed' }, 1],
  [{ kind: 'not begun' }, 2],
  [{ kind: 'cancelled', by: 'SIGINT' }, 130],
  [{ kind: 'cancelled', by: 'SIGTERM' }, 143],
])('%j is the exit code %d', (ending, code) => {
  expect(exitCodeOf(ending)).toBe(code)
})

describe('outputs', () => {
  const outputs = {
    tags: '["a"]',
    plan: '{"no": "json"}',
    images: 'broken',
    changed: 'true',
    'logs-path': '/logs',
    'page-path': '',
  }

  it('are one JSON object, in which JSON is no string', () => {
    expect(JSON.parse(outputsAsJson(outputs, definition))).toEqual({ ...outputs, tags: ['a'] })
  })

  it.each<[boolean, string]>([
    [true, 'plan     {"no": "json"}\nchanged  true\n'],
    [false, 'plan       {"no": "json"}\nchanged    true\nlogs-path  /logs\n'],
  ])('for people are those that are not JSON, without empty folders: %s', (isEmpty, text) => {
    expect(outputsForPeople(outputs, definition, { paint: painter(false) }, () => isEmpty)).toBe(text)
  })

  it('may all be missing', () => {
    expect(outputsForPeople({}, definition, { paint: painter(false) }, () => false)).toBe('')
  })
})
