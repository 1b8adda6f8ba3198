// Samples of summaries of lists for summary-samples.ts.
import { renderListSummary } from '../src/report/summary/list-summary.ts'
import { makeInventory, makeListedImage, makeListedImages } from '../__tests__/support/inventories.ts'

/** Images of two engines, with what can be unusual in one, and images of others. */
function listed(): string {
  const images = makeListedImages(14).map((image, index) => {
    const [platform] = image.platforms
    if (!platform?.base) return image
    const state = (['current', 'current', 'moved', 'gone'] as const)[index % 4] ?? ('unknown' as const)
    const usual = { ...platform, base: { ...platform.base, state } }
    const waivers = [{ gate: 'second-libucp', reason: 'nothing in this base loads it' }]
    const gates = { passed: 22, waived: 1, blocking: [] }
    const waived = index % 5 === 1 ? { ...usual, waivers, gates } : usual
    const conditions = index === 2 ? ['VLLM_USE_V2_MODEL_RUNNER=0'] : []
    const unknown = { gates: null, why: 'None.', addedBytes: null, addedPackages: null }
    const one = { ...waived, conditions, ...(index === 6 && unknown) }
    const both = index === 3 ? [one, { ...one, platform: 'linux/arm64', addedBytes: 61_000_000 }] : [one]
    const isSglang = index % 6 === 5
    const own = { platforms: both, ...(index === 9 && { engine: null, tags: ['theirs', 'nightly'] }) }
    return isSglang
      ? { ...image, ...own, engine: 'sglang' as const, repository: 'docker.io/aibrix/sglang' }
      : { ...image, ...own, ...(index === 0 && { tags: [...image.tags, 'stable'] }) }
  })
  return renderListSummary(
    makeInventory({
      images,
      repositories: ['docker.io/aibrix/vllm-openai', 'docker.io/aibrix/sglang'],
      where: 'date>=20251101',
      behind: [
        { what: 'vllm', published: '0.14.0', newer: ['v0.16.0', 'v0.15.1', 'v0.15.0'] },
        { what: 'nixl', published: '0.7.1', newer: ['1.5.1', '1.5.0', '1.1.0', '0.8.0'] },
      ],
      warnings: [
        'docker.io/aibrix/vllm-openai:v0.2.0: registry docker.io refused the pull of aibrix/vllm-openai: 403 forbidden; check username and password, and their permissions.',
      ],
    }),
  )
}

/** File name → Markdown */
export const listSamples: Readonly<Record<string, string>> = {
  list: listed(),
  'list-of-one': renderListSummary(makeInventory({ images: [makeListedImage()] })),
}
