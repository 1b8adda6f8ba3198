import { expect, it } from '@jest/globals'
import { UserError } from '../../../src/errors.ts'
import { readInputs } from '../../../src/inputs/inputs.ts'
import { formatReference } from '../../../src/registry/content/reference.ts'
import { actionDefaults } from '../../../script/action-defaults.ts'

function read(given: Record<string, string>) {
  const values: Record<string, string> = {
    ...actionDefaults(),
    engine: 'vllm',
    versions: 'v0.10.2',
    ...given,
  }
  return readInputs((name) => values[name] ?? '', {
    event: { name: 'schedule', ref: '', repositoryUrl: '', tag: undefined },
    now: new Date(),
    fileExists: () => true,
    readFolder: () => undefined,
  }).plan.baseImage
}

function complaint(given: Record<string, string>): string {
  try {
    read(given)
  } catch (error) {
    if (error instanceof UserError) return error.message
    throw error
  }
  return ''
}

const digest = `sha256:${'a'.repeat(64)}`

it.each([
  ['ghcr.io/acme/vllm:v1', 'ghcr.io/acme/vllm:v1'],
  ['acme/vllm:v1', 'docker.io/acme/vllm:v1'],
  [`localhost:5000/vllm@${digest}`, `localhost:5000/vllm@${digest}`],
  [`ghcr.io/acme/vllm:v1@${digest}`, `ghcr.io/acme/vllm:v1@${digest}`],
])('base-image %s is %s', (given, expected) => {
  const found = read({ 'base-image': given })
  expect(found && formatReference(found)).toBe(expected)
})

it.each(['list', 'prune'])('base-image is not read by command: %s', (command) => {
  expect(read({ 'base-image': 'ghcr.io/acme/vllm:v1', command, versions: 'default' })).toBeNull()
})

it.each([
  'ghcr.io/acme/vllm',
  'https://ghcr.io/acme/vllm:v1',
  'ghcr.io/Acme/vllm:v1',
  'a/b@sha256:12',
  'a/b:',
])('base-image %s is refused', (given) => {
  expect(complaint({ 'base-image': given })).toContain('use an image with its tag or digest')
})

it.each<Record<string, string>>([
  { engine: 'vllm, sglang', versions: 'default' },
  { engine: 'vllm, sglang', versions: 'vllm: v0.10.2; sglang: v0.5.11' },
  { versions: 'default' },
  { versions: 'latest' },
  { versions: '~0.10' },
  { versions: 'v0.10.2, v0.11.0' },
  { versions: 'v0.10.2, !v0.9.1' },
])('base-image is refused with %j', (given) => {
  expect(complaint({ 'base-image': 'ghcr.io/acme/vllm:v1', ...given })).toContain(
    'base-image: an image for several versions is not allowed; use it with one engine, and one exact version',
  )
})

it('all mistakes are reported at once', () => {
  const text = complaint({ 'base-image': 'ghcr.io/acme/vllm', versions: 'latest', 'extra-packages': '-r x' })
  expect(text.split('\n')).toHaveLength(3)
})

it.each([
  [{ 'base-compression': 'gzip' }, 'base-compression: "gzip" is not allowed; use as-published or zstd.'],
  [
    { 'base-compression': 'zstd', 'base-image': 'ghcr.io/acme/vllm:v1' },
    'base-compression: zstd beside base-image is not allowed; use it without base-image, which names one image itself.',
  ],
])('%j is refused', (given, expected) => {
  expect(complaint(given)).toContain(expected)
})
