import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { fewImages } from '../../../../script/page-samples.ts'
import type { Inventory } from '../../../../src/inventory/inventory.ts'
import type { Engine } from '../../../../src/plan/engine.ts'
import { badgesOf, renderBadge } from '../../../../src/report/page/badge.ts'

const badge = { label: 'vLLM v0.10.2', message: 'aibrix v0.5.0 · nixl 0.7.1', good: true }

describe('the badges', () => {
  it('are of the newest image of each engine', () => {
    expect(Object.fromEntries(badgesOf(fewImages()))).toEqual({
      vllm: { label: 'vLLM v0.23.0', message: 'aibrix v0.7.0 · nixl 1.1.0', good: true },
      sglang: { label: 'SGLang v0.5.11', message: 'aibrix v0.7.0 · nixl 1.1.0', good: true },
    })
  })

  it.each<[string, Partial<Inventory>, Engine[]]>([
    ['of an engine that was not selected, or not fully read', { complete: ['sglang'] }, ['sglang']],
    ['if nothing was fully read', { complete: [] }, []],
    ['if the list was filtered', { where: 'nixl=0.7.1' }, []],
  ])('are not there %s', (_, changes, expected) => {
    expect([...badgesOf({ ...fewImages(), ...changes }).keys()]).toEqual(expected)
  })

  it('say that nothing is published', () => {
    expect(badgesOf({ ...fewImages(), images: [] }).get('sglang')).toEqual({
      label: 'SGLang',
      message: 'not published',
      good: false,
    })
  })

  it.each([
    ['nothing is measured', {}, { label: 'vLLM', message: 'published', good: true }],
    ['only NIXL is measured', { nixl: '1.1.0' }, { label: 'vLLM', message: 'nixl 1.1.0', good: true }],
  ])('say what is known if %s', (_, components, expected) => {
    const inventory = fewImages()
    for (const platform of inventory.images[0]?.platforms ?? []) platform.components = components
    expect(badgesOf(inventory).get('vllm')).toEqual(expected)
  })

  it('have a name for those who do not see them', () => {
    const svg = renderBadge(badge)
    expect(svg).toContain('role="img" aria-label="vLLM v0.10.2: aibrix v0.5.0 · nixl 0.7.1"')
    expect(svg).toContain('<title>vLLM v0.10.2: aibrix v0.5.0 · nixl 0.7.1</title>')
  })

  it('are as wide as their parts', () => {
    const [, whole = ''] = /<svg [^>]*? width="(\d+)"/.exec(renderBadge(badge)) ?? []
    const widths = [...renderBadge(badge).matchAll(/<rect (?:x="\d+" )?width="(\d+)" height="20" fill/g)]
    expect(widths.map(([, width]) => Number(width)).reduce((sum, width) => sum + width, 0)).toBe(
      Number(whole),
    )
  })

  it('load nothing', () => {
    expect(renderBadge(badge).match(/https?:\/\/[^"]*/g)).toEqual(['http://www.w3.org/2000/svg'])
  })

  it('contain any text only as text, without characters that XML does not allow', () => {
    const empty = renderBadge({ ...badge, label: '', message: '' })
    const elements = (svg: string): string[] =>
      svg.match(/<[^>]*>/g)?.map((tag) => tag.replace(/"[^"]*"/g, '')) ?? []
    const dangerous = fc.constantFrom('</text>', '<script>', '"', "'", '&', ']]>', '\u0000', '\ud800')
    const text = fc
      .array(fc.oneof(dangerous, fc.string({ unit: 'binary' })), { maxLength: 6 })
      .map((all) => all.join(''))
    fc.assert(
      fc.property(text, text, (label, message) => {
        const svg = renderBadge({ label, message, good: false })
        expect(elements(svg)).toEqual(elements(empty))
        expect(svg).not.toMatch(/&(?!#\d+;)/)
        expect(svg.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cs}]/u)
      }),
    )
  })

  it('shorten very long texts', () => {
    expect(renderBadge({ ...badge, message: 'x'.repeat(5000) }).length).toBeLessThan(2000)
  })
})
