import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { parseRelease } from '../../../src/plan/versions/release.ts'
import { nearestHint, nearestReleases } from '../../../src/plan/published/nearest.ts'
import { lists } from '../../support/select-tags.ts'

const [vllm, sglang, aibrix, nixl] = lists.map(({ tags }) => tags)

describe('the nearest versions', () => {
  it.each([
    ['engine', 'v0.10.3', vllm, ['v0.11.0', 'v0.10.2', 'v0.11.1', 'v0.10.1.1', 'v0.11.2']],
    ['engine', '0.10', vllm, ['v0.10.0', 'v0.10.1', 'v0.9.2', 'v0.10.1.1', 'v0.9.1']],
    ['engine', 'v0.110.2', vllm, ['v0.33.0', 'v0.32.0', 'v0.31.0', 'v0.30.0', 'v0.29.0']],
    ['engine', 'v0.0.0', vllm, ['v0.0.1', 'v0.1.0', 'v0.1.1', 'v0.1.2', 'v0.1.3']],
    ['engine', 'latest-3-cu777', vllm, ['v0.33.0', 'v0.32.0', 'v0.31.0', 'v0.30.0', 'v0.29.0']],
    [
      'engine',
      'v0.20.0-cu130',
      vllm,
      ['v0.20.0', 'v0.20.0-cu129', 'v0.20.0-cu129-ubuntu2404', 'v0.20.0-ubuntu2404', 'v0.19.1-cu130'],
    ],
    ['engine', 'v0.21.0rc3', vllm, ['v0.21.0', 'v0.21.0rc2', 'v0.22.0', 'v0.21.0rc1', 'v0.22.1']],
    [
      'engine',
      'v0.5.5.post4',
      sglang,
      ['v0.5.6', 'v0.5.5.post3', 'v0.5.6.post1', 'v0.5.5.post2', 'v0.5.6.post2'],
    ],
    ['aibrix', 'mian', aibrix, ['v0.8.0', 'v0.7.0', 'v0.6.0', 'v0.5.0', 'v0.4.1']],
    ['aibrix', 'v0.6.0-rc.9', aibrix, ['v0.6.0', 'v0.6.0-rc.5', 'v0.7.0-rc.1', 'v0.6.0-rc.4', 'v0.7.0-rc.2']],
    ['nixl', '0.7.2', nixl, ['0.8.0', '0.7.1', '0.9.0', '0.7.0', '0.10.0']],
    ['engine', 'v0.10.2', ['nightly', 'v0.12.0-1'], []],
  ] as const)('of %s to %s', (product, text, tags = [], expected) => {
    expect(nearestReleases(product, text, tags)).toEqual(expected)
  })

  it.each([
    ['v0.33.0-cu129', '-cu129 ended with v0.32.0'],
    ['~0.33-cu129', '-cu129 ended with v0.32.0'],
    ['v0.40.0-cu129', '-cu129 ended with v0.32.0'],
    ['v0.33.0-acme', '-acme ended with v0.31.0'],
    ['v0.32.1-cu129', '-cu129 ended with v0.32.0'],
    ['v0.31.1-cu129', undefined],
    ['v0.34.0', undefined],
    ['v0.34.0-efa', undefined],
    ['v0.33.0-cu777', undefined],
    ['latest-cu777', undefined],
    ['v0.34.0rc1', undefined],
  ])('of %s report that a variant ended: %s', (text, end) => {
    const tags =
      'v0.31.0 v0.31.0-cu129 v0.31.0-acme v0.32.0 v0.32.0-cu129 v0.33.0 v0.33.0-efa v0.33.0rc1-cu129 nightly'
    const hint = nearestHint('engine', text, tags.split(' '))
    expect(/\((.*)\)$/.exec(hint ?? '')?.[1]).toBe(end)
    expect(hint).toMatch(/^the nearest are v0\.3/)
  })

  it('have no hint without a version, or for a product without variants', () => {
    expect(nearestHint('engine', 'v0.33.0-cu129', ['nightly', 'v0.32.0-acme'])).toBeUndefined()
    expect(nearestHint('aibrix', 'v0.9.0-cu129', ['v0.8.0'])).toBe('the nearest are v0.8.0')
  })

  it('exist, whatever the text and the order of the tags', () => {
    const list = fc.constantFrom(...lists)
    const asked = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      ...lists.map(({ tags }) => fc.constantFrom(...tags)),
    )
    fc.assert(
      fc.property(list, asked, fc.nat(), ({ product, tags }, text, turn) => {
        const nearest = nearestReleases(product, text, tags)
        const known = tags.flatMap((tag) => parseRelease(product, tag)?.tag ?? [])
        expect(nearest).toHaveLength(5)
        for (const tag of nearest) expect(known).toContain(tag)
        const turned = [...tags.slice(turn % tags.length), ...tags.slice(0, turn % tags.length)]
        expect(nearestReleases(product, text, turned)).toEqual(nearest)
      }),
      { numRuns: 60 },
    )
  })
})
