// A page in a headless browser, for script/render-summary.ts.
import { chromium } from 'playwright-core'
import { findBrowser } from './find-browser.ts'

export type Browser = {
  /** Opens a file and returns the awaited value of `expression`, a promise. */
  open: (file: string, expression: string) => Promise<unknown>
  /** Evaluates an expression in the open page. */
  ask: (expression: string) => Promise<unknown>
  /** Returns a picture of the open page as PNG. */
  picture: (width: number, height: number) => Promise<Buffer>
  close: () => Promise<void>
}

/** @param width of its window in pixels */
export async function openBrowser(width: number): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: findBrowser() })
  const page = await browser.newPage({ viewport: { width, height: 900 } })
  const ask = (expression: string): Promise<unknown> => page.evaluate(expression)
  return {
    open: async (file, expression) => {
      await page.goto(`file://${file}`)
      return ask(expression)
    },
    ask,
    picture: (width, height) => page.screenshot({ fullPage: true, clip: { x: 0, y: 0, width, height } }),
    close: () => browser.close(),
  }
}
