// Inventories for the HTML page: of its tests, and of its pictures (script/render-summary.ts --page).
import { createHash } from 'node:crypto'
import type { Inventory, ListedImage, ListedPlatform } from '../src/inventory/index.ts'
import { engines, type Engine } from '../src/plan/index.ts'
import { packagesOf } from './page-packages.ts'

type BaseState = NonNullable<ListedPlatform['base']>['state']

/** How a sample differs from an image that passed everything */
type Sample = {
  engine: Engine
  version: string
  aibrix: string
  nixl: string
  /** `20251123` */
  date: string
  arm?: boolean
  conditions?: string[]
  environment?: Record<string, string>
  waivers?: ListedPlatform['waivers']
  base?: BaseState
  reported?: boolean
  mirrored?: boolean
}

export function digestOf(text: string): `sha256:${string}` {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}

function platformOf(sample: Sample, platform: string, tag: string): ListedPlatform {
  const { engine, version, aibrix, nixl, conditions = [], waivers = [], base = 'current' } = sample
  const { environment = {} } = sample
  const isReported = sample.reported ?? true
  const cuda = engine === 'vllm' ? '12.8' : '12.9'
  const variety = parseInt(digestOf(tag + platform).slice(7, 13), 16)
  return {
    platform,
    digest: digestOf(`${tag} ${platform}`),
    buildId: digestOf(`build ${tag} ${platform}`).slice(7, 19),
    components: {
      engine: version,
      torch: engine === 'vllm' ? '2.8.0' : '2.9.1',
      cuda,
      python: '3.12.11',
      aibrix,
      nixl,
      ucx: nixl.startsWith('1') ? '1.20.0' : '1.19.0',
    },
    conditions,
    environment,
    gates: isReported ? { passed: 24 - waivers.length, waived: waivers.length, blocking: [] } : null,
    why: isReported ? null : 'The cache repository has no report about this digest.',
    waivers,
    addedBytes: isReported ? 48_000_000 + (variety % 9_000_000) : null,
    totalBytes: 11_400_000_000 + (variety % 900_000_000),
    largestLayerBytes: 4_100_000_000 + (variety % 300_000_000),
    addedPackages: isReported ? packagesOf(aibrix, nixl, cuda) : null,
    minimumDriver: '525.60.13',
    base: {
      name: `docker.io/${engines[engine].baseRepository}:v${version}`,
      digest: digestOf(`base ${engine} ${version} ${platform}`),
      state: base,
    },
  }
}

export function imageOf(sample: Sample): ListedImage {
  const { engine, version, aibrix, nixl, date, arm = false, mirrored = false } = sample
  const tag = `v${version}-aibrix-v${aibrix}-nixl-${nixl}-${date}`
  const day = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`
  const { publicName } = engines[engine]
  return {
    repository: `docker.io/aibrix/${publicName}`,
    digest: digestOf(`${publicName} ${tag}`),
    tags: [tag],
    engine,
    created: `${day}T02:${String(Number(date) % 60).padStart(2, '0')}:11Z`,
    platforms: ['linux/amd64', ...(arm ? ['linux/arm64'] : [])].map((platform) =>
      platformOf(sample, platform, tag),
    ),
    mirrors: mirrored ? [{ repository: `ghcr.io/aibrix/${publicName}`, tags: [tag] }] : [],
  }
}

const runner = 'VLLM_USE_V2_MODEL_RUNNER=0'

const samples: readonly Sample[] = [
  {
    engine: 'vllm',
    version: '0.23.0',
    aibrix: '0.7.0',
    nixl: '1.1.0',
    date: '20261128',
    arm: true,
    conditions: [runner],
    mirrored: true,
  },
  {
    engine: 'sglang',
    version: '0.5.11',
    aibrix: '0.7.0',
    nixl: '1.1.0',
    date: '20261128',
    arm: true,
    mirrored: true,
  },
  {
    engine: 'vllm',
    version: '0.22.1',
    aibrix: '0.7.0',
    nixl: '1.1.0',
    date: '20261031',
    arm: true,
    conditions: [runner],
    base: 'moved',
  },
  { engine: 'vllm', version: '0.21.0', aibrix: '0.7.0', nixl: '0.10.1', date: '20260930', arm: true },
  { engine: 'sglang', version: '0.5.9', aibrix: '0.7.0', nixl: '0.10.1', date: '20260930', base: 'moved' },
  {
    engine: 'vllm',
    version: '0.14.0',
    aibrix: '0.7.0',
    nixl: '0.9.0',
    date: '20260517',
    waivers: [{ gate: 'nixl-transfer', reason: 'The runner has no network device that UCX uses' }],
  },
  {
    engine: 'vllm',
    version: '0.14.0',
    aibrix: '0.6.0',
    nixl: '0.7.1',
    date: '20260402',
    conditions: ['ucx-tools: none'],
  },
  { engine: 'vllm', version: '0.10.2', aibrix: '0.7.0', nixl: '0.7.1', date: '20260310' },
  { engine: 'vllm', version: '0.10.2', aibrix: '0.6.0', nixl: '0.7.1', date: '20260118' },
  { engine: 'sglang', version: '0.5.5.post3', aibrix: '0.6.0', nixl: '0.7.1', date: '20260118' },
  { engine: 'vllm', version: '0.10.2', aibrix: '0.5.0', nixl: '0.7.1', date: '20251123' },
  { engine: 'sglang', version: '0.5.5.post3', aibrix: '0.5.0', nixl: '0.7.1', date: '20251123' },
  { engine: 'vllm', version: '0.9.1', aibrix: '0.5.0', nixl: '0.6.1', date: '20251002', base: 'gone' },
  {
    engine: 'vllm',
    version: '0.8.5',
    aibrix: '0.5.0',
    nixl: '0.5.1',
    date: '20250911',
    reported: false,
    base: 'unknown',
  },
]

export function inventoryOf(images: ListedImage[]): Inventory {
  return {
    format: 1,
    made: '2026-11-30T02:17:40Z',
    repositories: [...new Set(images.map(({ repository }) => repository))],
    where: '',
    complete: ['vllm', 'sglang'],
    images,
    behind: [
      { what: 'vllm', published: '0.23.0', newer: ['0.24.0', '0.23.1'] },
      { what: 'nixl', published: '1.1.0', newer: ['1.2.0'] },
    ],
    warnings: [],
  }
}

/** @returns a few images of each kind: two engines, conditions, waivers, bases that moved, mirrors */
export function fewImages(): Inventory {
  const inventory = inventoryOf(samples.map(imageOf))
  inventory.images[0]?.tags.push('stable', 'latest')
  return inventory
}

/** @returns this many images, of many versions @param count at most 50 engine versions × 10 days */
export function manyImages(count: number): Inventory {
  const images = Array.from({ length: count }, (_, index) => {
    const sample = samples[index % samples.length] ?? samples[0]
    if (sample === undefined) throw new Error('There are no samples.')
    const day = new Date(Date.UTC(2026, 10, 28) - index * 86_400_000).toISOString().slice(0, 10)
    const version = sample.engine === 'vllm' ? `0.${30 - (index % 21)}.${index % 3}` : `0.5.${index % 12}`
    return imageOf({ ...sample, version, date: day.replaceAll('-', '') })
  })
  return inventoryOf(images)
}
