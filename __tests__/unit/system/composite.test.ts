import { afterAll, expect, it } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inputsOfCaller } from '../../../src/system/github/composite.ts'

const folder = mkdtempSync(join(tmpdir(), 'composite-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

const action = (inputs: string): string =>
  `name: images\n${inputs}runs:\n  using: composite\n  steps:\n    - uses: aibrix/image-action@v1\n      with:\n        verions: x\n`

it.each<[string, string, string, string[]]>([
  [
    'with inputs',
    'action.yml',
    action(
      `inputs:\n  # One\n  Version:\n    description: 'a: b'\n    required: true\n\n  "dry run":\n    default: ''\n`,
    ),
    ['version', 'dry run'],
  ],
  [
    'with Windows line ends',
    'action.yml',
    action('inputs:\r\n    version:\r\n        default: 1\r\n'),
    ['version'],
  ],
  [
    'in the other file',
    'action.yaml',
    action('inputs: # all\n  version: {}\noutputs:\n  x:\n    value: 1\n'),
    ['version'],
  ],
  ['without inputs', 'action.yml', action(''), []],
  ['that ends with its inputs', 'action.yml', 'runs:\n  using: composite\ninputs:\n  version:', ['version']],
])('the inputs of a composite action %s are found', (_, file, text, expected) => {
  const place = mkdtempSync(join(folder, 'one-'))
  writeFileSync(join(place, file), text)
  expect([...inputsOfCaller({ GITHUB_ACTION_PATH: place })]).toEqual(expected)
})

it.each<[string, NodeJS.ProcessEnv]>([
  ['outside of a composite action', {}],
  ['if it cannot be read', { GITHUB_ACTION_PATH: join(folder, 'nothing') }],
])('there are none %s', (_, environment) => {
  expect(inputsOfCaller(environment).size).toBe(0)
})
