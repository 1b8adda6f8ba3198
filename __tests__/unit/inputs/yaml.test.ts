import { describe, expect, it } from '@jest/globals'
import { UserError } from '../../../src/errors.ts'
import type { Inputs } from '../../../src/inputs/inputs.ts'
import { inputsOf } from '../../support/machine.ts'

function complaint(given: Record<string, string>): string {
  try {
    inputsOf(given)
  } catch (error) {
    if (error instanceof UserError) return error.message
    throw error
  }
  return ''
}

describe('an unquoted number or word that YAML has changed is accepted if it is not ambiguous', () => {
  const architectures = ({ plan }: Inputs) => plan.gpuArchitectures
  const limit = ({ addedBytesLimit }: Inputs) => addedBytesLimit
  it.each<[string, string, string, (inputs: Inputs) => unknown, unknown]>([
    ['9.0', 'gpu-architectures', '9', architectures, ['9.0']],
    ['10.0', 'gpu-architectures', '10', architectures, ['10.0']],
    ['8.90', 'gpu-architectures', '8.9', architectures, ['8.9']],
    ['a list with both forms', 'gpu-architectures', '9, 8.0 9.0', architectures, ['8.0', '9.0']],
    ['2', 'parallel', '2', ({ parallel }) => parallel, 2],
    ['2.0, as act writes it', 'parallel', '2.0', ({ parallel }) => parallel, 2],
    ['0', 'retries', '0', ({ retries }) => retries, 0],
    ['20261129', 'date', '20261129', ({ plan }) => plan.date, '20261129'],
    ['1000000', 'added-bytes-limit', '1000000', limit, 1_000_000],
    ['1e6, as act writes it', 'added-bytes-limit', '1e6', limit, 1_000_000],
    ['a size of 1e15', 'added-bytes-limit', '1E+15', limit, 1e15],
    ['yes', 'skip-unchanged', 'yes', ({ plan }) => plan.rebuild, false],
    ['No', 'skip-unchanged', 'No', ({ plan }) => plan.rebuild, true],
    ['True', 'force', 'True', ({ plan }) => plan.force, true],
    ['off', 'fail-fast', 'off', ({ failFast }) => failFast, false],
    ['FALSE', 'push', 'FALSE', ({ push }) => push, false],
    ['on', 'push', 'on', ({ push }) => push, true],
    ['off, as false', 'cache', 'false', ({ build }) => build.cache, 'off'],
    ['no', 'sbom', 'no', ({ build }) => build.sbom, undefined],
    ['yes', 'sbom', 'yes', ({ build }) => build.sbom, 'true'],
    ['off', 'provenance', 'off', ({ build }) => build.provenance, 'false'],
  ])('%s: %s is %s', (_, name, value, of, expected) => {
    expect(of(inputsOf({ [name]: value }))).toEqual(expected)
  })

  it.each<[Record<string, string>]>([
    [{ engine: 'vllm', versions: '0.10' }],
    [{ engine: 'vllm', versions: '0.21' }],
    [{ engine: 'vllm', versions: '0.9, 0.10' }],
    [{ engine: 'vllm', versions: 'vllm: 0.9' }],
    [{ engine: 'vllm', versions: '~0.1' }],
    [{ 'nixl-version': '1.0' }],
    [{ 'nixl-version': '0.7.1' }],
    [{ 'aibrix-version': 'v1' }],
    [{ 'aibrix-version': 'a'.repeat(40) }],
    [{ tags: '{{engine-version}}' }],
    [{ tags: '20261129' }],
  ])('%j is accepted as written', (given) => {
    expect(complaint(given)).toBe('')
  })
})

describe('an ambiguous number is refused with the advice to quote it', () => {
  it.each([
    ['0.10', { engine: 'vllm', versions: '0.1' }],
    ['0.20', { versions: '0.2' }],
    ['1.0', { engine: 'vllm', versions: '1' }],
    ['1.0', { 'nixl-version': '1' }],
    ['0.70', { 'nixl-version': '0.7' }],
    ['0.60', { 'aibrix-version': '0.6' }],
    ['12.0', { 'aibrix-version': '12' }],
  ])('perhaps %s: %j', (was, given) => {
    const [name = '', value = ''] = Object.entries(given).at(-1) ?? []
    expect(complaint(given)).toBe(
      `${name}: "${value}", which YAML also makes of an unquoted ${was}, is not allowed; ` +
        `use "${was}" in quotes, or ~${value} for all of ${value}.`,
    )
  })

  it.each(['1.1', '1'])('a tag %s, which may have been another number', (tags) => {
    expect(complaint({ tags })).toMatch(/^tags: "1(?:\.1)?", which YAML also makes of an unquoted 1\.1?0,/)
  })

  it.each([
    ['a commit of digits', 'aibrix-version', '1.23456789012346E+39'],
    ['a commit that looks like a power of ten', 'aibrix-version', 'Infinity'],
    ['a password', 'password', '1.23456789012346E+19'],
    ['a namespace', 'namespace', '2.02611291200001E+17'],
    ['a leg', 'leg', 'NaN'],
  ])('%s that was rounded, without its value', (_, name, value) => {
    const message = complaint({ [name]: value })
    expect(message).toContain(
      `${name}: a number that YAML has rounded (not shown) is not allowed; use the same in quotes.`,
    )
  })
})

describe('a malformed day, size or number is refused', () => {
  it.each([
    ['date', '20269999'],
    ['date', '20260230'],
    ['date', '20250229'],
    ['date', '20261301'],
    ['date', '20260100'],
    ['date', '2026112'],
    ['date', '1e7'],
    ['max-age', '99999w'],
    ['max-age', '30D'],
    ['added-bytes-limit', '99999999999 GB'],
    ['added-bytes-limit', '1e400'],
    ['added-bytes-limit', '-1 MB'],
    ['added-bytes-limit', '0x10'],
    ['parallel', '1.5'],
    ['parallel', '1e1'],
    ['parallel', ' '],
    ['retries', '11'],
    ['gpu-architectures', '90'],
    ['gpu-architectures', '3.5'],
    ['gpu-architectures', '99.9'],
    ['gpu-architectures', '0'],
    ['registry', 'ghcr.io:99999'],
    ['base-registry', '999.0.0.1:5000'],
    ['runners', 'linux/amd64'],
  ])('%s: %s', (name, value) => {
    expect(complaint({ command: 'plan', [name]: value })).toMatch(new RegExp(`^${name}: `))
  })

  it.each(['20240229', '20261231', '19700101'])('date: %s is a day', (date) => {
    expect(inputsOf({ date }).plan.date).toBe(date)
  })
})
