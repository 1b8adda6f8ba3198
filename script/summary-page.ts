// Turns a summary's HTML into a page with GitHub's additions to Markdown: notes, charts and its
// stylesheet.

export const themes = ['light', 'dark'] as const
export type Theme = (typeof themes)[number]

/** Paths of GitHub's stylesheet for the theme and of Mermaid; lengths in pixels */
type Surroundings = { css: string; mermaid: string; width: number; margin: number }

/** `> [!NOTE]` is GitHub's own, not Markdown's. */
function withNotes(html: string): string {
  return html.replace(
    /<blockquote>\s*<p>\[!(NOTE|WARNING|CAUTION|TIP|IMPORTANT)\]\n?([^]*?)<\/blockquote>/g,
    (_, kind: string, text: string) => {
      const title = kind.charAt(0) + kind.slice(1).toLowerCase()
      const type = kind.toLowerCase()
      return `<div class="markdown-alert markdown-alert-${type}"><p class="markdown-alert-title">${title}</p><p>${text}</div>`
    },
  )
}

function withCharts(html: string): string {
  return html.replace(/<pre lang="mermaid"><code>([^]*?)<\/code><\/pre>/g, '<div class="mermaid">$1</div>')
}

/** In the page, `ready` is a promise that resolves when the charts are drawn. */
export function pageOf(html: string, theme: Theme, { css, mermaid, width, margin }: Surroundings): string {
  const [background, drawing] = theme === 'light' ? ['#ffffff', 'default'] : ['#0d1117', 'dark']
  return `<!doctype html>
<meta charset="utf-8">
<link rel="stylesheet" href="file://${css}">
<style>body { margin: ${margin}px; width: ${width}px; background: ${background} }</style>
<article class="markdown-body">
${withCharts(withNotes(html))}
</article>
<script src="file://${mermaid}"></script>
<script>
mermaid.initialize({ startOnLoad: false, theme: '${drawing}' })
const ready = mermaid.run().then(() => true)
</script>
`
}

/** Expression that opens all folds and returns true. */
export const openFolds = `document.querySelectorAll('details').forEach((fold) => { fold.open = true }), true`

/** Expression for the height of the page, in pixels. */
export const heightOf = 'Math.ceil(document.documentElement.getBoundingClientRect().height) + 32'

/**
 * Returns an expression for the end of the last block, other than a heading, that ends within
 * `limit` pixels of the page's top.
 */
export function heightOfTop(limit: number): string {
  return `Math.ceil(Math.max(...[...document.querySelectorAll('article > :not(h2, h3)')]
  .map((block) => block.getBoundingClientRect().bottom)
  .filter((bottom) => bottom <= ${limit})))`
}

/**
 * Expression for one line per element that is wider than the column. It measures the content,
 * because a table or code block that is too wide gets a scroll bar.
 */
export const tooWide = `[...document.querySelectorAll('article *')]
  .filter((element) => element.closest('svg') === null && element.clientWidth > 0)
  .filter((element) => element.scrollWidth > element.clientWidth + 1)
  .map((element) => element.tagName.toLowerCase() + ' of ' + element.scrollWidth + ' px: ' + element.textContent.trim().slice(0, 60))
  .map((line) => line.replace(/\\s+/g, ' '))`
