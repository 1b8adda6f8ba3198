import { createHash } from 'node:crypto'
import type { Inventory } from '../../inventory/index.ts'
import type { PageAssets } from './assets.ts'
import { packed } from './pack.ts'

const icon = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="4" fill="#2456c8"/><path d="M4 5.5h8M4 8h8M4 10.5h5" stroke="#fff" stroke-width="1.4" stroke-linecap="round"/></svg>',
)}`

/**
 * @returns the inventory as one HTML file that needs no other file and no network. Its policy allows
 *   only its own script and style, so that not even a mistake in them would run or load what is in a
 *   label.
 * @param assets script and style of the page; they contain no end tag of their elements
 */
export function renderPage(inventory: Inventory, assets: PageAssets): string {
  return [...pageParts(inventory, assets)].join('')
}

/** @returns the same page in parts: that of thousands of images as one text would need much memory */
export function* pageParts(inventory: Inventory, { script, style }: PageAssets): Generator<string> {
  const policy = [
    "default-src 'none'",
    `script-src '${sourceOf(script)}'`,
    `style-src '${sourceOf(style)}'`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  yield `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>Published images</title>
<link rel="icon" href="${icon}">
<style>${style}</style>
</head>
<body>
<noscript>This page shows its data with JavaScript, which is switched off. The same data is in the job summary and in the JSON file of the run.</noscript>
<script type="application/json" id="data">`
  yield* dataParts(inventory)
  yield `</script>
<script>${script}</script>
</body>
</html>
`
}

/** The data as JSON, one image after another */
function* dataParts(inventory: Inventory): Generator<string> {
  const { rest, images, packages, versions } = packed(inventory)
  yield `${asJson(rest).slice(0, -1)},"versions":${asJson(versions)},"images":[`
  let separator = ''
  for (const image of images) {
    yield separator + asJson(image)
    separator = ','
  }
  yield `],"packages":${asJson(packages)}}`
}

/** The source of an inline element, as a Content-Security-Policy names it */
function sourceOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}

/** JSON that cannot end or comment out its script element, and that is also valid JavaScript */
function asJson(data: unknown): string {
  const escape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  return JSON.stringify(data).replace(/[<>&\u2028\u2029]/g, escape)
}
