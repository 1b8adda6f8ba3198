import { describe, expect, it } from '@jest/globals'
import { UserError } from '../../../src/errors.ts'
import { checkNames } from '../../../src/inputs/names-given.ts'
import { inputNames } from '../../../src/inputs/names.ts'

/** The environment in which a runner starts a step that has these under `with`. */
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

it('inputs of action.yml are no news', () => {
  expect(checkNames({ ...stepWith(), GITHUB_ACTIONS: 'true', MY_INPUT_X: '1' }, nobody)).toEqual([])
})

describe('a name that is almost an input is an error with that one', () => {
  it.each([
    ['a letter less', 'version', 'versions'],
    ['a letter more', 'platformss', 'platforms'],
    ['a letter that is another', 'registrx', 'registry'],
    ['two that are swapped', 'verisons', 'versions'],
    ['two that are swapped, and one missing', 'nxil-versio', 'nixl-version'],
    ['two pairs that are swapped', 'usenrmae', 'username'],
    ['an underscore for the hyphen', 'skip_unchanged', 'skip-unchanged'],
    ['a blank for it', 'base registry', 'base-registry'],
    ['upper case and an s too many', 'Fail-Fasts', 'fail-fast'],
    ['a short one', 'tag', 'tags'],
    ['nearer to one than to another', 'verifi', 'verify'],
  ])('%s: %s', (_, name, meant) => {
    const given = name.toLowerCase().replaceAll(' ', '_')
    expect(complaint(stepWith(name))).toBe(
      `There is no input "${given}"; write "${meant}" if that is meant, else leave it out.`,
    )
  })

  it('of several all are named, and what they say is not shown', () => {
    const message = complaint(stepWith('pasword', 'usrname'))
    expect(message.split('\n')).toHaveLength(2)
    expect(message).not.toContain('canary')
  })
})

describe('a name that is no input', () => {
  it.each(['torch-version', 'nixl', 'dockerfile', 'skip-all-unchanged'])('is a notice: %s', (name) => {
    expect(checkNames(stepWith(name), nobody)).toEqual([
      `There is no input "${name}"; what it says is not used.`,
    ])
  })

  it('is one, too, if it may be an input of the composite action around this one', () => {
    const environment = stepWith('version', 'dry-run')
    expect(checkNames(environment, new Set(['version', 'dry-run']))).toEqual([
      'There is no input "dry-run"; what it says is not used.',
      `There is no input "version", only "versions"; what the calling action's says is not used.`,
    ])
    expect(complaint(environment, new Set(['dry-run']))).toContain('"versions"')
  })
})
