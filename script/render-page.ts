// Renders the HTML page of command: list with sample images, on a desktop and on a phone, light and
// dark, with an image's facts and the difference of two:
//   node script/render-page.ts [FOLDER]   default: .cache/page
// It needs a browser (script/setup browser). Look at its pictures after a change in src/report/page.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { badgesOf, renderBadge } from '../src/report/page/badge.ts'
import { renderPage } from '../src/report/page/render-page.ts'
import { findBrowser } from './find-browser.ts'
import { bundlePageAssets } from './page-assets.ts'
import { hostileImages } from './page-hostile.ts'
import { fewImages, manyImages } from './page-samples.ts'

const folder = resolve(process.argv[2] ?? '.cache/page')
const screens = { desktop: { width: 1280, height: 860 }, phone: { width: 360, height: 740 } }
const schemes = ['light', 'dark'] as const

async function photograph(page: Page, name: string, fullPage = false): Promise<void> {
  const path = join(folder, `${name}.png`)
  await page.screenshot({ path, fullPage, animations: 'disabled' })
  console.log(path)
}

async function open(browser: Browser, screen: keyof typeof screens, scheme: (typeof schemes)[number]) {
  const context = await browser.newContext({
    viewport: screens[screen],
    colorScheme: scheme,
    reducedMotion: 'reduce',
    deviceScaleFactor: screen === 'phone' ? 2 : 1,
  })
  return context.newPage()
}

async function photographAll(page: Page, name: string): Promise<void> {
  await page.goto(`file://${join(folder, 'few.html')}`)
  await photograph(page, name)
  await photograph(page, `${name}-whole`, true)
  const boxes = page.getByRole('checkbox')
  await boxes.nth(0).check()
  await boxes.nth(3).check()
  await photograph(page, `${name}-chosen`)
  await page.getByRole('button', { name: 'Compare', exact: true }).click()
  await photograph(page, `${name}-difference`)
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'vLLM v0.14.0', exact: true }).first().click()
  await photograph(page, `${name}-facts`)
}

mkdirSync(folder, { recursive: true })
const assets = await bundlePageAssets()
const inventories = { few: fewImages(), many: manyImages(500), hostile: hostileImages() }
for (const [name, inventory] of Object.entries(inventories))
  writeFileSync(join(folder, `${name}.html`), renderPage(inventory, assets))
for (const [engine, badge] of badgesOf(inventories.few))
  writeFileSync(join(folder, `${engine}.svg`), renderBadge(badge))
const browser = await chromium.launch({ executablePath: findBrowser() })
try {
  for (const screen of ['desktop', 'phone'] as const)
    for (const scheme of schemes)
      await photographAll(await open(browser, screen, scheme), `${screen}-${scheme}`)
  const page = await open(browser, 'desktop', 'light')
  await page.goto(`file://${join(folder, 'hostile.html')}`)
  await photograph(page, 'hostile')
  await page.goto(`file://${join(folder, 'many.html')}`)
  await photograph(page, 'many')
  await page.setContent(
    [...badgesOf(inventories.few).values()]
      .map(
        (badge) =>
          `<p><img src="data:image/svg+xml;base64,${Buffer.from(renderBadge(badge)).toString('base64')}">`,
      )
      .join(''),
  )
  await photograph(page, 'badges')
} finally {
  await browser.close()
}
