// An inventory of images whose labels attack the HTML page, for its tests and pictures.
import type { Inventory, ListedImage } from '../src/inventory/index.ts'
import { digestOf, imageOf, inventoryOf } from './page-samples.ts'

/** Labels and tags that try to leave their place in the page */
export const hostileTexts = [
  '<img src=x onerror="document.title=\'taken\'">',
  '</script><script>document.title="taken"</script>',
  `"><b>' & &lt; \${document.title} --> <!-- ]]>`,
  '\u202Eright to left\u202C שלום عربي',
  'x'.repeat(3000),
  'line\u2028separator\u2029and\u0000nul\nnew',
]

/** @returns images whose every label is hostile */
export function hostileImages(): Inventory {
  const images = hostileTexts.map((text, index): ListedImage => {
    const image = imageOf({ engine: 'vllm', version: text, aibrix: text, nixl: text, date: '20251123' })
    const platforms = image.platforms.map((platform) => ({
      ...platform,
      platform: text,
      buildId: text,
      components: { ...platform.components, [text]: text },
      conditions: [text],
      environment: { [text]: text },
      waivers: [{ gate: text, reason: text }],
      gates: { passed: 1, waived: 1, blocking: index % 2 === 0 ? [text] : [] },
      addedPackages: [{ from: 'pip' as const, name: text, version: text }],
      minimumDriver: text,
      base: { name: text, digest: digestOf(text), state: 'moved' as const },
    }))
    const mirrors = [{ repository: text, tags: [text] }]
    return { ...image, digest: digestOf(text), repository: text, tags: [text], platforms, mirrors }
  })
  const inventory = inventoryOf(images)
  const behind = [{ what: 'vllm' as const, published: hostileTexts[0] ?? '', newer: hostileTexts }]
  return { ...inventory, where: hostileTexts[1] ?? '', behind, warnings: hostileTexts }
}
