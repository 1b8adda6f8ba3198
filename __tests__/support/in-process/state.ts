import { buildIdLabel } from '../../../src/plan/published/published.ts'
import type { RegistryInMemory } from '../registry-in-memory.ts'
import type { Image, Index } from '../two-platforms.ts'

/**
 * Returns the comparable part of what is published: tag → platform → build id and measured facts.
 */
export function publishedState(registry: RegistryInMemory, namespace: string): Record<string, unknown> {
  const state: Record<string, unknown> = {}
  for (const name of ['vllm-openai', 'sglang']) {
    const repository = `${namespace}/${name}`
    for (const tag of registry.tagsOf(repository).keys())
      for (const { digest, architecture } of imagesOf(registry, repository, tag)) {
        const { config } = registry.manifest(repository, digest) as Image
        const content = registry.blob(repository, config.digest) as {
          config: { Labels: Record<string, string> }
        }
        const buildId = content.config.Labels[buildIdLabel] ?? ''
        const cache = `${namespace}/image-cache`
        state[`${name}:${tag} ${architecture}`] = {
          buildId,
          ...reportOf(registry, cache, `report-${buildId}-${architecture}`),
        }
      }
  }
  return state
}

function imagesOf(registry: RegistryInMemory, repository: string, tag: string) {
  const { manifests } = registry.manifest(repository, tag) as Partial<Index>
  if (manifests) return manifests.map(({ digest, platform }) => ({ digest, ...platform }))
  return [{ digest: registry.tagsOf(repository).get(tag) ?? '', architecture: 'amd64' }]
}

function reportOf(registry: RegistryInMemory, cache: string, tag: string) {
  const [layer] = (registry.manifest(cache, tag) as Image).layers
  const { components, gates, added } = registry.blob(cache, layer?.digest ?? '') as Record<string, unknown>
  return { components, gates, added }
}
