import { expect, it } from '@jest/globals'
import { buildkitIn, describeEngine, hasFault } from '../../../script/bench-engine.ts'

it.each([
  ['BuildKit version: v0.13.2', '0.13.2'],
  ['BuildKit version:      v0.14.1+dfsg', '0.14.1'],
  ['BuildKit version: v0.0.0+unknown', undefined],
  ['Status: running', undefined],
])('"%s" is BuildKit %s', (line, version) => {
  expect(buildkitIn(`Name:  default\n${line}\nPlatforms: linux/amd64\n`)).toBe(version)
})

it.each([
  ['25.0.5', '0.12.5', false],
  ['26.1.5', '0.13.2', true],
  ['26.1.5+dfsg1', undefined, true],
  ['27.1.2', '0.15.1', true],
  ['27.2.0', '0.15.2', false],
  ['28.5.2+dfsg4', undefined, false],
  ['library-import', undefined, false],
])('Docker %s with BuildKit %s has the fault: %s', (docker, buildkit, expected) => {
  expect(hasFault({ docker, buildkit })).toBe(expected)
})

it('names the versions, the fault, and whether it is left out', () => {
  const old = { docker: '26.1.5', buildkit: '0.13.2' }
  expect(describeEngine(old, false)).toContain('Docker 26.1.5, BuildKit 0.13.2, with the fault')
  expect(describeEngine(old, true)).toContain('neither side mounts a secret that is not given')
  expect(describeEngine({ docker: '28.5.2', buildkit: undefined }, true)).toContain(
    'BuildKit of unknown version, without the fault',
  )
})
