import { waits, wanted } from '../faults/wanted.ts'
import { act, type Ended } from '../in-process/act.ts'
import { publishBase } from '../in-process/engine.ts'
import { type Content, openRegistryInMemory, type RegistryInMemory, withTags } from '../registry-in-memory.ts'
import { type Door, openRegistryProxy, type RegistryProxy } from '../registry-proxy.ts'

export const cache = 'acme/image-cache'
export const published = 'acme/vllm-openai'
export const base = 'vllm/vllm-openai:v0.21.0'

/** A registry, and the proxy in front of it through which what is disturbed goes. */
export type Place = {
  registry: RegistryInMemory
  proxy: RegistryProxy
  door: Door
  /** Runs a command, through the proxy if it is to be disturbed */
  run: (inputs: Record<string, string>, how?: How) => Promise<Ended>
  /** Publishes the base upstream. @param release another one has another digest */
  moveBase: (release: number) => Promise<void>
  close: () => Promise<void>
}

type How = { disturbed?: boolean; signal?: AbortSignal }

export async function openPlace(platforms: string[] = ['linux/amd64']): Promise<Place> {
  const registry = await openRegistryInMemory()
  const door: Door = { upstream: registry.host }
  const proxy = await openRegistryProxy(door)
  const moveBase = (release: number) => publishBase(registry.host, `stand-in/${base}`, platforms, release)
  await moveBase(0)
  return {
    ...{ registry, proxy, door, moveBase },
    run: (inputs, { disturbed = false, signal } = {}) => {
      const host = disturbed ? proxy.host : registry.host
      const { plan, ...more } = inputs
      const all = {
        ...{ ...wanted, namespace: 'acme', push: 'true', cache: 'registry', platforms: platforms.join() },
        ...{ date: '', registry: host, 'base-registry': `${registry.host}/stand-in`, ...more },
        ...(plan !== undefined && { plan: `${host}/${cache}:${plan}` }),
      }
      return act(all, { waits, ...(signal && { signal }) })
    },
    close: async () => {
      await proxy.close()
      await registry.close()
    },
  }
}

/** The inputs of a prune that deletes */
export type Settings = {
  'keep-days'?: string
  keep?: string
  undated?: 'true' | 'false'
  'prune-public'?: typeof published | undefined
}

/** Returns the inputs of a prune that deletes. */
export function pruning(
  { 'prune-public': repository, ...settings }: Settings,
  host: string,
): Record<string, string> {
  const named = repository === undefined ? {} : { 'prune-public': `${host}/${repository}` }
  return { ...{ command: 'prune', apply: 'true', engine: 'vllm' }, ...settings, ...named }
}

/**
 * Returns what a registry has after it collected its garbage, in the harshest way: nothing without a
 * tag is left.
 */
export function collected(content: Content): Content {
  let rest = content
  for (const path of [cache, published]) rest = withTags(rest, path, /./)
  return rest
}

/** Returns the tags of a repository whose content is missing, or incomplete. */
export function brokenTags(content: Content): string[] {
  return [...content].flatMap(([path, { tags, manifests, blobs }]) => {
    const isThere = (digest: string): boolean => {
      const bytes = manifests.get(digest)?.bytes
      if (!bytes) return false
      const {
        config,
        layers = [],
        manifests: parts = [],
      } = JSON.parse(bytes.toString()) as {
        config?: { digest: string }
        layers?: { digest: string }[]
        manifests?: { digest: string }[]
      }
      const own = [...(config ? [config] : []), ...layers].every((one) => blobs.has(one.digest))
      return own && parts.every((part) => isThere(part.digest))
    }
    return [...tags].flatMap(([tag, digest]) => (isThere(digest) ? [] : `${path}:${tag}`))
  })
}
