import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { Inventory, ListedImage, ListedPlatform } from '../../../src/inventory/inventory.ts'
import { renderListSummary } from '../../../src/report/summary/list-summary.ts'
import { makeInventory, makeListedImage, makeListedImages } from '../../support/inventories.ts'

function render(changes: Partial<Inventory> = {}, limit?: number): string {
  return renderListSummary(makeInventory(changes), [], limit)
}

/** An image whose only platform differs. */
function withPlatform(changes: Partial<ListedPlatform>): ListedImage {
  const image = makeListedImage()
  return { ...image, platforms: image.platforms.map((platform) => ({ ...platform, ...changes })) }
}

describe('the summary of a list', () => {
  it('begins with the number of images, their repositories and the filter', () => {
    expect(render({ images: [makeListedImage()], where: 'nixl=0.7.1' })).toMatch(
      /^## 🗂️ 1 image in <code>aibrix\/vllm-openai<\/code>\n\nListed: <code>nixl=0.7.1<\/code>\n/,
    )
    expect(render()).toMatch(/^## 🗂️ 0 images in /)
  })

  it('has a row for each image', () => {
    const [row = ''] = /^\| <code>v0.*$/m.exec(render({ images: [makeListedImage()] })) ?? []
    expect(row.split(' | ')).toEqual([
      '| <code>v0.21.0-aibrix-v0.7.0-nixl-0.7.1-20251123</code><br><code>stable</code><br><code>sha256:111111111111</code>',
      '2025-11-23',
      ...['0.21.0', '0.7.0', '0.7.1', '1.19.0', '2.11.0', '13.0'],
      '✅ 23',
      '58.1 MB',
      '✅ current |',
    ])
  })

  it.each<[string, Partial<ListedPlatform>, string]>([
    ['waived gates', { gates: { passed: 22, waived: 1, blocking: [] } }, '| ✅ 22<br>⚠️ 1 |'],
    [
      'gates that block',
      { gates: { passed: 21, waived: 0, blocking: ['extension', 'nixl-ucx'] } },
      '| ✅ 21<br>❌ extension, nixl-ucx |',
    ],
    ['no report', { gates: null, why: 'None.' }, '| ❔ |'],
    ['no known size', { addedBytes: null }, '| – | ✅ current |'],
    ['no known base', { base: null }, '| 58.1 MB | – |'],
    ['no known version', { components: { engine: '0.21.0' } }, '| 0.21.0 | – | – | – | – | –'],
    [
      'conditions',
      { conditions: ['A=0', 'ucx-tools: none'] },
      '<br>⚠️ <code>A=<wbr>0</code><br>⚠️ <code>ucx-tools: none</code> |',
    ],
    [
      'variables by which alone it differs from another image',
      { environment: { ...{ A: '0', B: '|<b>', C: '', D: '', E: '' }, ...{ F: '', G: '' } } },
      '<br><code>A=<wbr>0</code><br><code>B=<wbr>&#124;&#60;b&#62;</code><br><code>C=<wbr></code><br><code>D=<wbr></code><br><code>E=<wbr></code><br>and 2 more variables |',
    ],
  ])('shows %s', (_, changes, expected) => {
    expect(render({ images: [withPlatform(changes)] })).toContain(expected)
  })

  it.each([
    ['current', '✅ current'],
    ['moved', '🔁 moved'],
    ['gone', '🚫 gone'],
    ['unknown', '❔ unknown'],
  ] as const)('shows a base that is %s', (state, expected) => {
    const base = {
      name: 'docker.io/vllm/vllm-openai:v0.21.0',
      digest: `sha256:${'2'.repeat(64)}` as const,
      state,
    }
    expect(render({ images: [withPlatform({ base })] })).toContain(`| ${expected} |`)
  })

  it('shows values that platforms share once, and others one below the other', () => {
    const image = makeListedImage()
    const [amd64] = image.platforms
    if (!amd64) throw new Error('it has no platform')
    const arm64 = { ...amd64, platform: 'linux/arm64', addedBytes: 60_000_000 }
    const text = render({ images: [{ ...image, platforms: [amd64, arm64] }] })
    expect(text).toContain('<br>linux/amd64, linux/arm64 | 2025')
    expect(text).toContain('| 58.1 MB<br>60.0 MB |')
  })

  it('names the oldest driver for each CUDA', () => {
    const older = withPlatform({ components: { cuda: '12.8' }, minimumDriver: '525.60.13' })
    const images = [makeListedImage(), older, makeListedImage()]
    expect(render({ images })).toContain(
      '\n\nDrivers: CUDA 12.8 from 525.60.13 on, CUDA 13.0 from 580.65.06 on\n',
    )
    expect(render({ images: [withPlatform({ minimumDriver: null })] })).not.toContain('Drivers')
  })

  it('folds images of others', () => {
    const text = render({ images: [{ ...makeListedImage(), engine: null }] })
    expect(text).toContain('<details><summary>1 image of others</summary>')
    expect(text).not.toContain('| Engine |')
  })

  it('names newer releases, the longest lists in part', () => {
    const newer = Array.from({ length: 12 }, (_, index) => `v0.${30 - index}.0`)
    const text = render({
      behind: [
        { what: 'vllm', published: '0.10.2', newer },
        { what: 'nixl', published: null, newer: ['1.0.0'] },
      ],
    })
    expect(text).toContain('| **vLLM** | 0.10.2 | <code>v0.30.0</code>, ')
    expect(text).toContain(' and 2 more |')
    expect(text).toContain('| **NIXL** | – | <code>1.0.0</code> |')
    expect(render()).not.toContain('Behind upstream')
  })

  it('has warnings, the first ones unfolded', () => {
    const warnings = Array.from({ length: 12 }, (_, index) => `warning ${index}`)
    expect(render({ warnings })).toMatch(/\[!WARNING\][^]*warning 8\n[^]*3 more warnings<\/summary>/)
  })

  it('lists added packages and waivers once for all images that share them', () => {
    const images = makeListedImages(3).map((image) => ({
      ...image,
      platforms: image.platforms.map((platform) => ({
        ...platform,
        waivers: [{ gate: 'second-libucp', reason: 'nothing loads it' }],
      })),
    }))
    const text = render({ images })
    expect(text.match(/2 packages added in/g)).toHaveLength(1)
    expect(text).toContain('pip   nixl-cu13  0.7.1\ndpkg  libibverbs1  50.0')
    expect(text.match(/nothing loads it/g)).toHaveLength(1)
    expect(text).toContain('<summary>1 waiver</summary>')
  })

  it('has rows of the newest images only, if there are very many, and says so', () => {
    const text = render({ images: makeListedImages(310) })
    expect(text.match(/^\| <code>/gm)).toHaveLength(300)
    expect(text).toContain('10 older images are only in the file of the output `list-path`.')
  })

  it.each([20_000, 100_000, 1_000_000])('fits into %d bytes and says what was left out', (limit) => {
    const images = makeListedImages(300).map((image, index) => ({
      ...image,
      platforms: image.platforms.map((platform) => ({
        ...platform,
        addedPackages: Array.from({ length: 100 }, (_, at) => ({
          from: 'pip' as const,
          name: `package-${index}-${at}`,
          version: '1.0',
        })),
      })),
    }))
    const text = render({ images }, limit)
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(limit)
    if (limit < 1_000_000) expect(text).toMatch(/Omitted for its length: .*added packages/)
  })

  it('shows hostile labels as text', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '<img src=x onerror=alert(1)>',
        '| a | b',
        '`x`',
        '\n## x',
        '</details>',
        '@everyone',
        '```',
      ),
    )
    fc.assert(
      fc.property(hostile, hostile, (one, two) => {
        const image = withPlatform({
          platform: one,
          components: { engine: one, nixl: two, cuda: one },
          conditions: [two],
          waivers: [{ gate: one, reason: two }],
          addedPackages: [{ from: 'pip', name: one, version: two }],
        })
        const text = render({ images: [image], warnings: [one], where: two })
        const outside = text.replace(/^(`{3,})\n[^]*?\n\1$/gm, '').replace(/^> ?/gm, '')
        expect(outside.replace(/<\/?(?:code|details|summary|br|wbr)>/g, '')).not.toMatch(/[<>]/)
        const rows = outside.split('\n').filter((line) => line.startsWith('| '))
        const [head = ''] = rows
        const row = rows.find((line) => line.startsWith('| <code>v0')) ?? ''
        expect(row.split(' | ')).toHaveLength(head.split(' | ').length)
      }),
    )
  })
})
