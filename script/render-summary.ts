// Renders job summaries like GitHub, light and dark, and reports content that is wider than GitHub's
// column:
//   node script/render-summary.ts [NAME...]       all or some samples (summary-samples.ts)
//   node script/render-summary.ts FILE.md...      these files, such as .cache/demo/summary.md
//   node script/render-summary.ts --docs FILE.md  the top of this file,
//                                                 as docs/summary-light.png and -dark.png
// Pages and pictures are in .cache/summary. It needs a browser (script/setup browser), GitHub's own
// Markdown and its symbols, from Debian:
//   apt-get install cmark-gfm fonts-noto-color-emoji
// and npm packages that it downloads. They are not dependencies, because no test needs them.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { type Browser, openBrowser } from './browser.ts'
import { heightOf, heightOfTop, openFolds, pageOf, themes, tooWide } from './summary-page.ts'
import { samples } from './summary-samples.ts'

/** GitHub's column, in pixels, with a margin on both sides. */
const width = 980
const margin = 32

/** The pictures in docs/, in pixels: maximum height, with a column as wide as GitHub's */
const docs = { height: 900, margin: 16 }

const folder = resolve('.cache/summary')

/** Paths of the folder of stylesheets and of Mermaid */
type Tools = { css: string; mermaid: string }

/** GitHub's stylesheet, extracted from its pages, and Mermaid for the charts. */
const packages = ['github-markdown-css@5.9.0', 'mermaid@12.3.0']

/** Downloads and unpacks an npm package, once. @returns its folder */
function unpacked(name: string): string {
  const target = join(folder, name)
  if (existsSync(target)) return join(target, 'package')
  mkdirSync(target, { recursive: true })
  const file = execFileSync('npm', ['pack', '--silent', '--pack-destination', target, name], {
    encoding: 'utf8',
  })
  execFileSync('tar', ['xzf', join(target, file.trim()), '-C', target])
  return join(target, 'package')
}

const extensions = ['table', 'strikethrough', 'autolink', 'tagfilter']

function toHtml(markdown: string): string {
  const args = ['--unsafe', '--github-pre-lang', ...extensions.flatMap((name) => ['-e', name])]
  return execFileSync('cmark-gfm', args, { input: markdown, encoding: 'utf8' })
}

/** Returns whether everything fits the column. */
async function render(browser: Browser, name: string, markdown: string, tools: Tools): Promise<boolean> {
  const html = toHtml(markdown)
  const wide: string[] = []
  for (const theme of themes) {
    const file = join(folder, `${name}-${theme}.html`)
    const css = join(tools.css, `github-markdown-${theme}.css`)
    writeFileSync(file, pageOf(html, theme, { css, mermaid: tools.mermaid, width, margin }))
    await browser.open(file, 'ready')
    const closed = await photograph(browser, `${name}-${theme}`)
    await browser.ask(openFolds)
    const open = await photograph(browser, `${name}-${theme}-open`)
    if (theme === 'dark') continue
    wide.push(...((await browser.ask(tooWide)) as string[]))
    console.log(`${name}: ${closed} px high, ${open} px unfolded`)
  }
  for (const line of wide) console.log(`  too wide: ${line}`)
  return wide.length === 0
}

/** Writes pictures of the top of a summary, in whole blocks, to docs/. */
async function renderForDocs(browser: Browser, markdown: string, { css, mermaid }: Tools): Promise<void> {
  const html = toHtml(markdown)
  const { margin } = docs
  const surroundings = { mermaid, width, margin }
  for (const theme of themes) {
    const file = join(folder, `docs-${theme}.html`)
    const stylesheet = join(css, `github-markdown-${theme}.css`)
    writeFileSync(file, pageOf(html, theme, { css: stylesheet, ...surroundings }))
    await browser.open(file, 'ready')
    const height = Number(await browser.ask(heightOfTop(docs.height - margin))) + margin
    const picture = join('docs', `summary-${theme}.png`)
    writeFileSync(picture, await browser.picture(width + 2 * margin, height))
    console.log(`${picture}: ${height} px high`)
  }
}

/** Writes a picture of the page. @returns the height of the page */
async function photograph(browser: Browser, name: string): Promise<number> {
  const height = Number(await browser.ask(heightOf))
  writeFileSync(join(folder, `${name}.png`), await browser.picture(width + 2 * margin, height))
  return height
}

mkdirSync(folder, { recursive: true })
const [css = '', mermaid = ''] = packages.map(unpacked)
const tools = { css, mermaid: join(mermaid, 'dist/mermaid.min.js') }
const chosen = process.argv.slice(2)
const files = chosen.filter((argument) => argument.endsWith('.md'))
const pages =
  files.length > 0
    ? files.map((file) => [basename(file, '.md'), readFileSync(file, 'utf8')] as const)
    : Object.entries(samples).filter(([name]) => chosen.length === 0 || chosen.includes(name))
const browser = await openBrowser(width + 2 * margin)
try {
  const [first] = pages
  if (chosen.includes('--docs') && first) await renderForDocs(browser, first[1], tools)
  else
    for (const [name, markdown] of pages) {
      writeFileSync(join(folder, `${name}.md`), markdown)
      if (!(await render(browser, name, markdown, tools))) process.exitCode = 1
    }
} finally {
  await browser.close()
}
