import type { Inventory, ListedImage } from '../../src/inventory/inventory.ts'

const digest = (digit: string) => `sha256:${digit.repeat(64)}` as const

/** Returns an image as listed. Tests change one thing in a copy. */
export function makeListedImage(changes: Partial<ListedImage> = {}): ListedImage {
  return {
    repository: 'docker.io/aibrix/vllm-openai',
    digest: digest('1'),
    tags: ['v0.21.0-aibrix-v0.7.0-nixl-0.7.1-20251123', 'stable'],
    engine: 'vllm',
    created: '2025-11-23T12:00:00.000Z',
    platforms: [
      {
        platform: 'linux/amd64',
        digest: digest('1'),
        buildId: 'b'.repeat(64),
        components: {
          ...{ engine: '0.21.0', torch: '2.11.0+cu130', cuda: '13.0', python: '3.12.11' },
          ...{ aibrix: '0.7.0', nixl: '0.7.1', ucx: '1.19.0' },
        },
        conditions: [],
        environment: {},
        gates: { passed: 23, waived: 0, blocking: [] },
        why: null,
        waivers: [],
        ...{ addedBytes: 58_100_000, totalBytes: 3_300_000_000, largestLayerBytes: 2_000_000_000 },
        addedPackages: [
          { from: 'pip', name: 'nixl-cu13', version: '0.7.1' },
          { from: 'dpkg', name: 'libibverbs1', version: '50.0' },
        ],
        minimumDriver: '580.65.06',
        base: { name: 'docker.io/vllm/vllm-openai:v0.21.0', digest: digest('2'), state: 'current' },
      },
    ],
    mirrors: [],
    ...changes,
  }
}

/** Returns images `v0.<count>.0` to `v0.1.0`, the newest first, each with its own digest. */
export function makeListedImages(count: number): ListedImage[] {
  return Array.from({ length: count }, (_, index) => {
    const version = `0.${count - index}.0`
    const { platforms } = makeListedImage()
    const own = `sha256:${(count - index).toString(16).padStart(64, '0')}` as const
    return makeListedImage({
      digest: own,
      tags: [`v${version}-aibrix-v0.7.0-nixl-0.7.1-20251123`],
      created: new Date(Date.UTC(2025, 10, 23) - index * 86_400_000).toISOString(),
      platforms: platforms.map((platform) => ({
        ...platform,
        digest: own,
        components: { ...platform.components, engine: version },
      })),
    })
  })
}

export function makeInventory(changes: Partial<Inventory> = {}): Inventory {
  return {
    ...{ format: 1, made: '2025-12-01T00:00:00.000Z', where: '' },
    repositories: ['docker.io/aibrix/vllm-openai'],
    complete: ['vllm'],
    ...{ images: [], behind: [], warnings: [] },
    ...changes,
  }
}
