import { describe, expect, it } from '@jest/globals'
import { inputsOf } from '../../support/machine.ts'

const verify = { command: 'verify', image: 'ghcr.io/acme/engine:v1' }

describe('the inputs of command: verify', () => {
  it.each([
    ['', undefined],
    ['all', 'all'],
    ['2', '2'],
    ['device=0', 'device=0'],
    ['device=0,GPU-3a2', '"device=0,GPU-3a2"'],
  ])('gpus: "%s" is what docker run gets', (gpus, expected) => {
    expect(inputsOf({ ...verify, gpus }).command).toMatchObject({ kind: 'verify', gpus: expected })
  })

  it.each([
    ['ghcr.io/acme/engine:v1', { reference: 'v1', repository: { registry: 'ghcr.io', path: 'acme/engine' } }],
    ['stable', { reference: 'stable', repository: undefined }],
  ])("image: %s may be anybody's", (image, expected) => {
    expect(inputsOf({ ...verify, image }).command).toMatchObject({ image: expected })
  })

  it('may verify in a pull request, and with a version of one engine', () => {
    const inputs = inputsOf({ ...verify, push: 'false', engine: 'vllm', versions: 'v0.21.0' })
    expect([inputs.push, inputs.command.kind]).toEqual([false, 'verify'])
    const versions = 'vllm: v0.21.0; sglang: default'
    expect(() => inputsOf({ ...verify, versions, 'aibrix-version': 'default' })).not.toThrow()
  })

  it('waives the gates that only it has', () => {
    const gate = 'gpu-ucx'
    expect(inputsOf({ ...verify, 'allow-failed': `${gate}=no driver here` }).waivers.get(gate)).toBe(
      'no driver here',
    )
    expect(() => inputsOf({ 'allow-failed': `${gate}=x` })).toThrow(`the gate "${gate}" is not allowed`)
  })

  it.each<[Record<string, string>, string]>([
    [
      { image: '' },
      'image: the input is empty; use the tag or digest of a published image, or the full reference of any',
    ],
    [{ gpus: 'none' }, 'gpus: "none" is not allowed; use all, a number, or device=0'],
    [{ gpus: 'device=0 --privileged' }, 'gpus: '],
    [{ versions: 'latest' }, 'versions: "latest" is not allowed; use one exact version of each engine'],
    [{ engine: 'vllm', versions: 'v0.21.0, v0.20.0' }, 'versions: "v0.21.0, v0.20.0" is not allowed'],
    [{ 'aibrix-version': 'main' }, 'aibrix-version: "main" is not allowed; use one release of AIBrix'],
    [{ 'nixl-version': 'base' }, 'nixl-version: "base" is not allowed; use one exact version'],
    [
      { platforms: 'linux/amd64, linux/arm64' },
      'platforms: "linux/amd64, linux/arm64" is not allowed; use one platform',
    ],
    [{ push: 'false', verify: 'false' }, 'verify: "false" is not allowed; use true with command: verify'],
    [
      { 'require-verified': 'true' },
      'require-verified: "true" is not allowed; use it only with command: promote',
    ],
    [
      { 'verify-runners': 'linux/amd64: x' },
      'verify-runners: "linux/amd64: x" is not allowed; use it only with command: plan',
    ],
  ])('%j is refused', (given, sentence) => {
    expect(() => inputsOf({ ...verify, ...given })).toThrow(sentence)
  })

  it('are reported together', () => {
    const given = { ...verify, image: 'a b', gpus: 'some', platforms: 'linux/amd64 linux/arm64' }
    for (const name of ['image: ', 'gpus: ', 'platforms: ']) expect(() => inputsOf(given)).toThrow(name)
  })
})

describe('what the other commands know of it', () => {
  it('plan has a second map of runners, if it is given', () => {
    expect(inputsOf({ command: 'plan' }).command).not.toHaveProperty('verifyRunners')
    const given = { command: 'plan', 'verify-runners': 'linux/amd64: self-hosted, gpu' }
    expect(inputsOf(given).command).toMatchObject({
      verifyRunners: new Map([['linux/amd64', ['self-hosted', 'gpu']]]),
    })
    expect(() => inputsOf({ ...given, 'verify-runners': 'gpu' })).toThrow(
      'verify-runners: "gpu" is not allowed; use lines',
    )
  })

  it('promote may require it', () => {
    const plan = 'plan.json'
    expect(inputsOf({ command: 'promote', plan }).command).toMatchObject({ requireVerified: false })
    const given = { command: 'promote', plan, 'require-verified': 'true' }
    expect(inputsOf(given).command).toMatchObject({ requireVerified: true })
  })

  it.each([
    ['run', 'use it with command: promote, after jobs with command: verify'],
    ['plan', 'use it only with command: promote'],
    ['tag', 'use it only with command: promote'],
  ])('%s cannot require it', (command, sentence) => {
    expect(() => inputsOf({ command, 'require-verified': 'true' })).toThrow(sentence)
  })

  it.each(['gpus', 'image'])('%s is an error of all others', (name) => {
    expect(() => inputsOf({ [name]: 'all' })).toThrow(
      `${name}: "all" is not allowed; use it only with command:`,
    )
  })
})
