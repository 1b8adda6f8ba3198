/** Expressions that check an open page in a browser; the tests' own types know no DOM. */

/**
 * One line for each visible element that is wider than the screen, but for what is in a part that
 * scrolls by itself or ends with an ellipsis.
 */
export const widerThanScreen = `[...document.querySelectorAll('body *')]
  .filter((element) => element.checkVisibility() && element.closest('.scroll, .name') === null)
  .filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5)
  .map((element) => element.tagName + '.' + element.className + ' ' + element.textContent.slice(0, 40))`

/**
 * One line for each visible text whose contrast to its ground is below 4.5 (WCAG 2.2, 1.4.3), or 3
 * if it is large. Only opaque grounds count; the page has no pictures behind text.
 */
export const lowContrasts = `(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  const channels = (colours) => {
    canvas.clearRect(0, 0, 1, 1)
    for (const colour of colours) {
      canvas.fillStyle = colour
      canvas.fillRect(0, 0, 1, 1)
    }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3)
  }
  const luminance = (colours) => {
    const [red, green, blue] = channels(colours).map((value) => {
      const part = value / 255
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const groundsOf = (element) => {
    const grounds = []
    for (let each = element; each !== null; each = each.parentElement)
      grounds.unshift(getComputedStyle(each).backgroundColor)
    return grounds
  }
  const low = []
  const walker = document.createTreeWalker(document.querySelector('dialog') ?? document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement
    if (walker.currentNode.textContent.trim() === '' || !element.checkVisibility()) continue
    if (element.closest('script, style, noscript, .hidden') !== null) continue
    const style = getComputedStyle(element)
    const grounds = groundsOf(element)
    const [one, other] = [luminance([...grounds, style.color]), luminance(grounds)].sort((a, b) => b - a)
    const contrast = (one + 0.05) / (other + 0.05)
    const isLarge = parseFloat(style.fontSize) >= 24
    if (contrast < (isLarge ? 3 : 4.5))
      low.push(contrast.toFixed(2) + ' ' + style.color + ' ' + walker.currentNode.textContent.slice(0, 40))
  }
  return low
})()`

/** @returns an expression for the texts that are wider than a badge, or why it is no SVG */
export function badgeFaults(svg: string): string {
  return `(() => {
    const { documentElement: svg } = new DOMParser().parseFromString(${JSON.stringify(svg)}, 'image/svg+xml')
    if (svg.nodeName !== 'svg') return [svg.textContent]
    document.body.append(svg)
    const right = (text) => text.getBBox().x + text.getBBox().width
    const wide = [...svg.querySelectorAll('text')].filter((text) => right(text) > svg.width.baseVal.value)
    svg.remove()
    return wide.map((text) => text.textContent)
  })()`
}
