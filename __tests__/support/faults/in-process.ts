import { act } from '../in-process/act.ts'
import { publishBase } from '../in-process/engine.ts'
import { publishedState } from '../in-process/state.ts'
import { type Content, openRegistryInMemory, type RegistryInMemory, withTags } from '../registry-in-memory.ts'
import { openRegistryProxy } from '../registry-proxy.ts'
import { type Image } from '../two-platforms.ts'
import type { Place, Undisturbed } from './attempt.ts'
import type { Combination } from './matrix.ts'
import { type Trouble, troubleWith } from './trouble.ts'
import { login, wanted, waits } from './wanted.ts'

const namespace = 'acme'
const [cache, published] = [`${namespace}/image-cache`, `${namespace}/vllm-openai`]

/** Result of an undisturbed run in this process, and the registry after it */
export type UndisturbedInProcess = { state: Undisturbed; content: Content }

function inputsFor(registry: RegistryInMemory): Record<string, string> {
  return { ...wanted, namespace, push: 'true', 'base-registry': `${registry.host}/stand-in` }
}

export async function runUndisturbed(): Promise<UndisturbedInProcess> {
  const registry = await openRegistryInMemory()
  await publishBase(registry.host, 'stand-in/vllm/vllm-openai:v0.21.0', ['linux/amd64'])
  const ended = await act({ ...inputsFor(registry), registry: registry.host, cache: 'registry' }, { waits })
  if (ended.code !== 0) throw new Error(ended.errors.join('\n'))
  const undisturbed = { state: publishedState(registry, namespace), content: registry.content() }
  await registry.close()
  return undisturbed
}

/** Returns the trouble, limited to what is stored under one tag if the combination says so. */
function troubleOf({ trouble, contentOf }: Combination, content: Content, of: RegistryInMemory): Trouble {
  if (contentOf === undefined) return trouble
  const [tag = contentOf] = [...(content.get(cache)?.tags.keys() ?? [])].filter((name) =>
    name.startsWith(contentOf),
  )
  return troubleWith(trouble, of.manifest(cache, tag) as Image)
}

/**
 * Creates a registry in memory for a combination, with the tags of the undisturbed run that it
 * starts with.
 */
export async function openInProcess(
  combination: Combination,
  { content }: UndisturbedInProcess,
): Promise<Place> {
  const { tokens, mounts, bases, there, waits: patience } = combination
  const kept = withTags(withTags(content, cache, there), published, /^(?!)/)
  const registry = await openRegistryInMemory(kept)
  const proxy = await openRegistryProxy({
    upstream: registry.host,
    mounts,
    ...(tokens && { tokens: login }),
    trouble: troubleOf(combination, kept, registry),
  })
  const staged = [...registry.tagsOf(cache).keys()].find((tag) => tag.startsWith('build-')) ?? ''
  const inputs = {
    ...{ ...inputsFor(registry), ...combination.inputs, registry: proxy.host },
    ...(combination.command === 'tag' && { command: 'tag', image: `${proxy.host}/${cache}:${staged}` }),
    ...(tokens && login),
    ...(bases && { 'base-registry': `${proxy.host}/stand-in` }),
  }
  return {
    proxy,
    act: () => act(inputs, { waits: { ...waits, ...patience } }),
    publicTags: () => Promise.resolve([...registry.tagsOf(published).keys()]),
    state: () => Promise.resolve(publishedState(registry, namespace)),
    missing: () => Promise.resolve(registry.dangling()),
    close: async () => {
      await proxy.close()
      await registry.close()
    },
  }
}
