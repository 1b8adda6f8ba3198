import { describe, expect, it } from '@jest/globals'
import { compare } from '@renovatebot/pep440'
import * as fc from 'fast-check'
import {
  isForOneArchitecture,
  isPreRelease,
  minorLineOf,
  parseRelease,
  releasesOf,
} from '../../../src/plan/versions/release.ts'
import { lists } from '../../support/select-tags.ts'

describe('releases', () => {
  it.each([
    ['engine', 'v0.8.5', '0.8.5', ''],
    ['engine', 'v0.10.1.1', '0.10.1.1', ''],
    ['engine', 'v0.5.5.post3', '0.5.5.post3', ''],
    ['engine', 'v0.11.0rc1', '0.11.0rc1', ''],
    ['engine', 'v0.20.0-cu129', '0.20.0', '-cu129'],
    ['engine', 'v0.20.0-cu129-ubuntu2404', '0.20.0', '-cu129-ubuntu2404'],
    ['engine', 'v0.5.6.post2-cu129-amd64-runtime', '0.5.6.post2', '-cu129-amd64-runtime'],
    ['engine', 'v0.5.3rc1-cu129-b200', '0.5.3rc1', '-cu129-b200'],
    ['engine', 'v0.20.0-b200', '0.20.0', '-b200'],
    ['engine', 'v0.33.0-efa', '0.33.0', '-efa'],
    ['engine', 'v0.33.0-x86_64-efa', '0.33.0', '-x86_64-efa'],
    ['aibrix', 'v0.5.0-rc.1', '0.5.0rc1', ''],
    ['aibrix', 'v0.3.0rc2.post1', '0.3.0rc2.post1', ''],
    ['nixl', '0.7.1', '0.7.1', ''],
    ['nixl', '1.5.0rc1.dev72182327', '1.5.0rc1.dev72182327', ''],
  ] as const)('of %s, %s is %s%s', (product, tag, version, variant) => {
    expect(parseRelease(product, tag)).toEqual({ tag, version, variant })
  })

  it('of NIXL have the names that pip gives them', () => {
    expect(parseRelease('nixl', 'v1.4.0-rc2')).toEqual({ tag: '1.4.0rc2', version: '1.4.0rc2', variant: '' })
  })

  it.each([
    ['engine', 'v0.12.0-1'],
    ['engine', '0.10.2'],
    ['engine', 'gateway-v0.3.1'],
    ['engine', 'latest-cu129'],
    ['engine', 'nightly-dee37d891'],
    ['engine', 'dev-x86-cu13-20251122'],
    ['engine', 'qwen38-x86_64-cu130'],
    ['engine', 'v0.5.5.post3-rocm700-mi30x'],
    ['engine', 'v0.5.2-revised'],
    ['engine', 'v0.10.2-aibrix-v0.5.0-nixl-0.7.1-20251123'],
    ['engine', 'v0.21.0-acme'],
    ['engine', 'v0.21.0_cu129'],
    ['engine', 'v0.21.0-cu129-1'],
    ['engine', 'v0.8.5+cu121'],
    ['engine', '0.5.8.dev0+gc1d529c19'],
    ['engine', 'v2'],
    ['engine', 'v0.10'],
    ['engine', 'v0.010.2'],
    ['engine', `v0.10.${'9'.repeat(16)}`],
    ['engine', ' v0.10.2'],
    ['engine', '1!0.10.2'],
    ['aibrix', 'gateway-v0.3.1'],
    ['aibrix', 'v1.19.x'],
    ['aibrix', 'v0.5.0-1'],
    ['nixl', '0.7.1-cu129'],
    ['nixl', 'v1.10-pre2-rc1'],
  ] as const)('of %s are not called %j', (product, tag) => {
    expect(parseRelease(product, tag)).toBeUndefined()
  })

  it.each([
    ['0.11.0rc1', true],
    ['0.11.0.dev5', true],
    ['0.3.0rc2.post1', true],
    ['0.8.5.post1', false],
    ['0.10.1.1', false],
  ])('%s is a pre-release: %s', (version, expected) => {
    expect(isPreRelease(version)).toBe(expected)
  })

  it.each([
    ['-x86_64', true],
    ['-cu129-amd64-runtime', true],
    ['-aarch64-ubuntu2404', true],
    ['-cu129', false],
    ['', false],
  ])('"%s" is for one architecture: %s', (variant, expected) => {
    expect(isForOneArchitecture(variant)).toBe(expected)
  })

  it('of one minor line have two numbers in common', () => {
    expect(['0.10.1', '0.10.1.1', '0.10.2rc1', '0.10.2.post1'].map(minorLineOf)).toEqual(
      Array(4).fill('0.10'),
    )
  })

  it('in two spellings count once', () => {
    expect(
      releasesOf('aibrix', ['0.5.0', 'v0.5.0', '0.5.0rc1', 'v0.5.0-rc.1']).map(({ tag }) => tag),
    ).toEqual(['v0.5.0', 'v0.5.0-rc.1'])
  })
})

describe.each(lists)('the real tags of $name', ({ product, tags, order }) => {
  it("are recognised and sorted as by Python's packaging, in any order", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(tags, { minLength: tags.length }), (shuffled) => {
        const releases = releasesOf(product, shuffled)
        expect([...new Set(releases.map(({ version }) => version))].reverse()).toEqual(order)
      }),
      { numRuns: 20 },
    )
  })

  it('have a total order: no two versions are equal, and three are never in a circle', () => {
    const version = fc.constantFrom(...order)
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(Math.sign(compare(a, b))).toBe(-Math.sign(compare(b, a)) + 0)
        expect(compare(a, b) === 0).toBe(a === b)
        if (compare(a, b) <= 0 && compare(b, c) <= 0) expect(compare(a, c)).toBeLessThanOrEqual(0)
      }),
    )
  })

  it('keep their names', () => {
    const given = new Set(tags.map((tag) => (product === 'nixl' ? parseRelease(product, tag)?.tag : tag)))
    for (const { tag } of releasesOf(product, tags)) expect(given).toContain(tag)
  })
})
