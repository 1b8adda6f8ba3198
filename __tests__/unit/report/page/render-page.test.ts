import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { createHash } from 'node:crypto'
import { hostileImages, hostileTexts } from '../../../../script/page-hostile.ts'
import { fewImages, manyImages } from '../../../../script/page-samples.ts'
import type { Inventory } from '../../../../src/inventory/inventory.ts'
import { pageDataOf } from '../../../support/page-data.ts'
import { renderPage } from '../../../../src/report/page/render-page.ts'

const assets = { script: 'start()', style: 'body{margin:0}' }

const dataElement =
  /<script type="application\/json" id="data">([^]*?)<\/script>\n<script>start\(\)<\/script>/

function dataIn(page: string): string {
  return dataElement.exec(page)?.[1] ?? ''
}

function withText(text: string): Inventory {
  const inventory = fewImages()
  const [image] = inventory.images
  if (image) Object.assign(image, { repository: text, tags: [text] })
  return { ...inventory, where: text, warnings: [text] }
}

describe('the page', () => {
  it.each(hostileTexts)('has %j only as data', (text) => {
    const page = renderPage(withText(text), assets)
    expect(dataIn(page)).not.toMatch(/[<>&\u2028\u2029]/)
    expect(JSON.parse(dataIn(page))).toEqual(pageDataOf(withText(text)))
  })

  it('has any text only as data', () => {
    const dangerous = fc.constantFrom(
      '</script>',
      '<!--',
      '-->',
      '<script',
      '\u2028',
      '\u2029',
      '\\',
      '"',
      '&lt;',
    )
    const text = fc
      .array(fc.oneof(dangerous, fc.string({ unit: 'binary' })), { maxLength: 6 })
      .map((all) => all.join(''))
    const rest = renderPage(withText(''), assets).replace(dataElement, '')
    fc.assert(
      fc.property(text, (hostile) => {
        const page = renderPage(withText(hostile), assets)
        // JSON.stringify writes a lone surrogate as an escape.
        expect(JSON.parse(dataIn(page))).toEqual(pageDataOf(withText(hostile)))
        expect(page.replace(dataElement, '')).toBe(rest)
      }),
    )
  })

  it('allows no request, and only its own script and style', () => {
    const [, policy = ''] =
      /Content-Security-Policy" content="([^"]*)"/.exec(renderPage(fewImages(), assets)) ?? []
    const source = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      `script-src ${source(assets.script)}`,
      `style-src ${source(assets.style)}`,
      'img-src data:',
      "base-uri 'none'",
      "form-action 'none'",
    ])
    expect(renderPage(fewImages(), assets)).not.toMatch(/(?:src|href)="(?!data:)/)
  })

  it('is the same for the same images', () => {
    expect(renderPage(fewImages(), assets)).toBe(renderPage(fewImages(), assets))
  })

  it('is rendered within 2 s for 500 images, and is smaller than their JSON', () => {
    const inventory = manyImages(500)
    const start = performance.now()
    const page = renderPage(inventory, assets)
    expect(performance.now() - start).toBeLessThan(2000)
    expect(page.length).toBeLessThan(JSON.stringify(inventory).length)
  })
})

describe('the data of the page', () => {
  it('has each added package once, and the images name it', () => {
    const { images, packages } = pageDataOf(fewImages())
    const keys = packages.map((added) => JSON.stringify(added))
    expect(new Set(keys).size).toBe(keys.length)
    const unpacked = images.map(({ platforms }) =>
      platforms.map(({ addedPackages }) => addedPackages?.map((position) => packages[position]) ?? null),
    )
    expect(unpacked).toEqual(
      fewImages().images.map(({ platforms }) => platforms.map(({ addedPackages }) => addedPackages)),
    )
  })

  it('has the versions in the order of their releases, after what is no version', () => {
    const inventory = fewImages()
    const [first, second] = inventory.images
    Object.assign(first?.platforms[0]?.components ?? {}, { aibrix: 'main-1a2b3c4', nixl: '1.1.0rc1' })
    const { versions } = pageDataOf({
      ...inventory,
      images: [first, second].filter((image) => image !== undefined),
    })
    expect(versions).toEqual(['main-1a2b3c4', '0.5.11', '0.7.0', '0.23.0', '1.1.0rc1', '1.1.0'])
  })

  it('keeps hostile texts as they are', () => {
    const { images } = pageDataOf(hostileImages())
    expect(images.map(({ repository }) => repository)).toEqual(hostileTexts)
  })
})
