import { createHash } from 'node:crypto'
import { stagedTag } from '../../../src/store/contents.ts'
import { waits } from '../faults/wanted.ts'
import { type Content, openRegistryInMemory, type RegistryInMemory, withTags } from '../registry-in-memory.ts'
import { type Door, openRegistryProxy, type RegistryProxy } from '../registry-proxy.ts'
import { act, type Ended } from './act.ts'
import { publishBase } from './engine.ts'
import { publishedState } from './state.ts'

/** Public repositories of both engines, and the cache repository */
export const repositories = { vllm: 'acme/vllm-openai', sglang: 'acme/sglang' } as const
export const cache = 'acme/image-cache'

/** The public tags of a run */
export const publicTags = {
  vllm: 'v0.21.0-aibrix-v0.7.0-nixl-0.7.1-20251123',
  sglang: 'v0.5.11-aibrix-v0.7.0-nixl-0.7.1-20251123',
} as const

const both = ['linux/amd64', 'linux/arm64']

const wanted = {
  ...{ namespace: 'acme', push: 'true', cache: 'registry', date: '20251123', platforms: both.join() },
  ...{ versions: 'vllm: v0.21.0\nsglang: v0.5.11', 'aibrix-version': 'v0.7.0', 'gpu-architectures': '9.0' },
}

export type Name = 'vllm-amd64' | 'vllm-arm64' | 'sglang-amd64' | 'sglang-arm64'

/** The cache repository, which a test may change before a promotion. */
export type Cache = NonNullable<ReturnType<Content['get']>>

/** Two images of two platforms, staged and published in a registry behind a proxy. */
export type Promotions = {
  registry: RegistryInMemory
  proxy: RegistryProxy
  door: Door
  /** What a run has staged and published */
  published: Content
  /** The tags of its verified legs */
  tags: Record<Name, string>
  /** Begins with the staged legs alone, as modified by `change` */
  begin: (change?: (cache: Cache) => void) => void
  /** Stores a plan. @returns its reference */
  plan: (more?: Record<string, string>) => Promise<string>
  promote: (plan: string, more?: Record<string, string>) => Promise<Ended>
  close: () => Promise<void>
}

export async function openPromotions(): Promise<Promotions> {
  const registry = await openRegistryInMemory()
  const door: Door = { upstream: registry.host }
  const proxy = await openRegistryProxy(door)
  for (const base of ['vllm/vllm-openai:v0.21.0', 'lmsysorg/sglang:v0.5.11'])
    await publishBase(registry.host, `stand-in/${base}`, both)
  const run = async (more: Record<string, string>): Promise<Ended> =>
    act({ ...wanted, registry: proxy.host, 'base-registry': `${registry.host}/stand-in`, ...more }, { waits })
  const right = async (more: Record<string, string>): Promise<Ended> => {
    const ended = await run(more)
    if (ended.code !== 0) throw new Error(ended.errors.join('\n'))
    return ended
  }
  await right({})
  const published = registry.content()
  return {
    ...{ registry, proxy, door, published, tags: stagedTags(registry) },
    begin: (change = () => undefined) => {
      let content = published
      for (const path of Object.values(repositories)) content = withTags(content, path, /^(?!)/)
      content = withTags(content, cache, /./)
      const own = content.get(cache)
      if (own) change(own)
      registry.become(content)
    },
    plan: async (more) => (await right({ command: 'plan', ...more })).plan ?? '',
    promote: (plan, more) => run({ command: 'promote', plan, ...more }),
    close: async () => {
      await proxy.close()
      await registry.close()
    },
  }
}

function stagedTags(registry: RegistryInMemory): Promotions['tags'] {
  const state = publishedState(registry, 'acme') as Record<string, { buildId: string }>
  const of = (engine: keyof typeof repositories, architecture: string): string => {
    const name = repositories[engine].replace('acme/', '')
    const { buildId = '' } = state[`${name}:${publicTags[engine]} ${architecture}`] ?? {}
    return stagedTag({ buildId, architecture })
  }
  return {
    'vllm-amd64': of('vllm', 'amd64'),
    'vllm-arm64': of('vllm', 'arm64'),
    'sglang-amd64': of('sglang', 'amd64'),
    'sglang-arm64': of('sglang', 'arm64'),
  }
}

/** Tags an index of one image of the repository, like that of BuildKit, for another platform. */
export function tagIndex(own: Cache, tag: string, image: string, architecture: string): void {
  const { mediaType = '', bytes } = own.manifests.get(image) ?? {}
  const entry = { mediaType, digest: image, size: bytes?.length, platform: { os: 'linux', architecture } }
  const type = 'application/vnd.oci.image.index.v1+json'
  const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: type, manifests: [entry] }))
  const digest = `sha256:${createHash('sha256').update(index).digest('hex')}`
  own.manifests.set(digest, { mediaType: type, bytes: index })
  own.tags.set(tag, digest)
}
