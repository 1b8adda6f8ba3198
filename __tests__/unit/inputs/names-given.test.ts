import { describe, expect, it } from '@jest/globals'
import { UserError } from '../../../src/errors.ts'
import { checkNames } from '../../../src/inputs/names-given.ts'
import { inputNames } from '../../../src/inputs/names.ts'

/** @returns the environment of a step with these names under `with` */
const stepWith = (...names: string[]): NodeJS.ProcessEnv =>
  Object.fromEntries<string>([
    ...inputNames.map((name) => [`INPUT_${name.toUpperCase()}`, ''] as const),
    ...names.map((name) => [`INPUT_${name.toUpperCase().replaceAll(' ', '_')}`, 'canary'] as const),
  ])

const nobody = new Set<string>()

function complaint(environment: NodeJS.ProcessEnv, ofCaller: ReadonlySet<string> = nobody): string {
  try {
    checkNames(environment, ofCaller)
  } catch (error) {
    if (error instanceof UserError) return error.message
    throw error
  }
  return ''
}

it('the inputs of action.yml give no notice', () => {
  expect(checkNames({ ...stepWith(), GITHUB_ACTIONS: 'true', MY_INPUT_X: '1' }, nobody)).toEqual([])
})

describe('a misspelt input is an error that names the right one', () => {
  it.each([
    ['a missing letter', 'version', 'versions'],
    ['an extra letter', 'platformss', 'platforms'],
    ['a wrong letter', 'registrx', 'registry'],
    ['two swapped letters', 'verisons', 'versions'],
    ['two swapped letters and a missing one', 'nxil-versio', 'nixl-version'],
    ['two swapped pairs', 'usenrmae', 'username'],
    ['an underscore instead of a hyphen', 'skip_unchanged', 'skip-unchanged'],
    ['a blank instead of a hyphen', 'base registry', 'base-registry'],
    ['upper case and an extra s', 'Fail-Fasts', 'fail-fast'],
    ['a short name', 'tag', 'tags'],
    ['nearer to one than to another', 'verifi', 'verify'],
  ])('%s: %s', (_, name, meant) => {
    const given = name.toLowerCase().replaceAll(' ', '_')
    expect(complaint(stepWith(name))).toBe(`There is no input "${given}"; use "${meant}", or remove it.`)
  })

  it('several are all named, without their values', () => {
    const message = complaint(stepWith('pasword', 'usrname'))
    expect(message.split('\n')).toHaveLength(2)
    expect(message).not.toContain('canary')
  })
})

describe('an unknown input', () => {
  it.each(['torch-version', 'nixl', 'dockerfile', 'skip-all-unchanged'])('is a notice: %s', (name) => {
    expect(checkNames(stepWith(name), nobody)).toEqual([`The unknown input "${name}" is ignored.`])
  })

  it('is a notice, too, if it may be an input of the calling composite action', () => {
    const environment = stepWith('version', 'dry-run')
    expect(checkNames(environment, new Set(['version', 'dry-run']))).toEqual([
      'The unknown input "dry-run" is ignored.',
      `The unknown input "version" is ignored: it is the calling action's; this action has "versions".`,
    ])
    expect(complaint(environment, new Set(['dry-run']))).toContain('"versions"')
  })
})
