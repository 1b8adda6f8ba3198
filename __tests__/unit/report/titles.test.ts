import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { PinnedSource } from '../../../src/plan/pinned.ts'
import { titlesOf } from '../../../src/report/titles.ts'
import { makeLeg } from '../../support/verified-leg.ts'
import { makePlannedImage, sglang } from '../../support/reports.ts'

type Kind = PinnedSource['kind']

function image(aibrix: string, nixl: string, tag = 'v0.10.2', kind: Kind = 'tag', platforms = 1) {
  const leg = makeLeg({ version: { tag, release: tag.slice(1) }, nixl })
  const all = ['linux/arm64', 'linux/riscv64'].slice(0, platforms - 1)
  return makePlannedImage({ ...leg, aibrix: { ...leg.aibrix, ref: aibrix, kind } }, ['linux/amd64', ...all])
}

describe('titles', () => {
  it.each([
    [
      'the engine version',
      [image('v0.5.0', '0.7.1'), makePlannedImage(sglang())],
      ['vLLM v0.10.2', 'SGLang v0.5.11'],
    ],
    [
      'the AIBrix version where it differs',
      [image('v0.5.0', '0.7.1'), image('v0.7.0', '0.7.1'), image('v0.7.0', '0.7.1', 'v0.11.0')],
      ['vLLM v0.10.2 AIBrix v0.5.0', 'vLLM v0.10.2 AIBrix v0.7.0', 'vLLM v0.11.0'],
    ],
    [
      'the NIXL version where it differs',
      [image('v0.5.0', '0.7.1'), image('v0.5.0', '0.8.0')],
      ['vLLM v0.10.2 NIXL 0.7.1', 'vLLM v0.10.2 NIXL 0.8.0'],
    ],
    [
      'both',
      [image('v0.5.0', '0.7.1'), image('main', '0.8.0', 'v0.10.2', 'branch')],
      ['vLLM v0.10.2 AIBrix v0.5.0 NIXL 0.7.1', 'vLLM v0.10.2 AIBrix main-c546589 NIXL 0.8.0'],
    ],
  ])('have %s', (_, images, expected) => {
    const titleOf = titlesOf(images)
    expect(images.map((each) => titleOf(each))).toEqual(expected)
    expect(images.map((each) => titleOf(each, each.legs[0]))).toEqual(expected)
  })

  it('have the platform for a leg of an image with several', () => {
    const both = image('v0.5.0', '0.7.1', 'v0.10.2', 'tag', 2)
    const titleOf = titlesOf([both])
    expect(titleOf(both)).toBe('vLLM v0.10.2')
    expect(both.legs.map((leg) => titleOf(both, leg))).toEqual([
      'vLLM v0.10.2 linux/amd64',
      'vLLM v0.10.2 linux/arm64',
    ])
  })

  it('are unique for the images of a plan', () => {
    const version = fc.constantFrom('v0.10.2', 'v0.10.1.1', 'v0.20.0-cu129')
    const parts = fc.tuple(fc.constantFrom('v0.5.0', 'v0.7.0'), fc.constantFrom('0.7.1', '0.8.0'), version)
    const images = fc.uniqueArray(parts, { selector: String, maxLength: 12 })
    fc.assert(
      fc.property(images, (some) => {
        const all = some.map(([aibrix, nixl, tag]) => image(aibrix, nixl, tag, 'tag', 2))
        const titleOf = titlesOf(all)
        const titles = all.flatMap((each) => each.legs.map((leg) => titleOf(each, leg)))
        expect(new Set(titles).size).toBe(titles.length)
      }),
    )
  })
})
