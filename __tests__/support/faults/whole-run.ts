import type { RegistryClient } from '../../../src/registry/client.ts'
import { copyManifest } from '../../../src/registry/copy.ts'
import { type ActionRun, digestOf, errorsOf, registry, runAction, tagsOf } from '../action.ts'
import type { Ended } from '../in-process/act.ts'
import { openRegistryProxy } from '../registry-proxy.ts'
import type { StandInWorld } from '../stand-in-inputs.ts'
import { type Image, imageType, type Index, indexType, readRegistry, stateOf } from '../two-platforms.ts'
import type { Place, Undisturbed } from './attempt.ts'
import type { Combination } from './matrix.ts'
import { type Trouble, troubleWith } from './trouble.ts'
import { login, waits, wanted } from './wanted.ts'

/**
 * Result of an undisturbed run of the built action: public tags, and those of the cache repository
 */
export type UndisturbedWhole = {
  namespace: string
  state: Undisturbed
  cache: [tag: string, digest: string][]
}

async function runHere(world: StandInWorld, more: Record<string, string>, waiting = {}): Promise<Ended> {
  const environment = { IMAGE_ACTION_WAITS: JSON.stringify(waiting) }
  const run: ActionRun = await runAction(world.inputs({ ...wanted, ...more }), { environment })
  const errors = errorsOf(run).map((line) => line.replace(/^::error[^:]*::/, ''))
  return { code: run.code === 0 ? 0 : 1, errors, summary: run.summary }
}

export async function runUndisturbed(world: StandInWorld): Promise<UndisturbedWhole> {
  const namespace = `${world.namespace}-undisturbed`
  const run = await runHere(world, { namespace })
  if (run.code !== 0) throw new Error(run.errors.join('\n'))
  const name = `${namespace}/image-cache`
  const tags = await tagsOf(name)
  const cache = await Promise.all(
    tags.map(async (tag): Promise<[string, string]> => [tag, (await digestOf(name, tag)) ?? '']),
  )
  return { namespace, state: await stateOf(namespace), cache }
}

/** Returns the trouble, limited to what is stored under one tag if the combination says so. */
async function troubleOf(
  { trouble, contentOf }: Combination,
  { namespace, cache }: UndisturbedWhole,
): Promise<Trouble> {
  if (contentOf === undefined) return trouble
  const [tag = contentOf] = cache.flatMap(([name]) => (name.startsWith(contentOf) ? name : []))
  return troubleWith(
    trouble,
    await readRegistry<Image>(`${namespace}/image-cache/manifests/${tag}`, imageType),
  )
}

/** Checks everything that public tags lead to. @returns what is missing */
async function missingOf(repository: string): Promise<string[]> {
  const digests = new Set<string>()
  for (const tag of await tagsOf(repository)) {
    const index = await readRegistry<Index>(`${repository}/manifests/${tag}`, indexType)
    for (const { digest } of index.manifests) digests.add(digest)
  }
  const images = [...digests].map((digest) =>
    readRegistry<Image>(`${repository}/manifests/${digest}`, imageType),
  )
  const blobs = (await Promise.all(images)).flatMap(({ config, layers }) => [config, ...layers])
  const missing = blobs.map(async ({ digest }) => {
    const { ok } = await fetch(`http://${registry}/v2/${repository}/blobs/${digest}`, { method: 'HEAD' })
    return ok ? [] : digest
  })
  return (await Promise.all(missing)).flat()
}

/**
 * Creates a namespace for a combination in the test registry, with the tags of the undisturbed run
 * that it starts with.
 */
export async function openWhole(
  combination: Combination,
  namespace: string,
  world: StandInWorld,
  undisturbed: UndisturbedWhole,
  client: RegistryClient,
): Promise<Place> {
  const { tokens, mounts, bases, there } = combination
  const repositoryOf = (name: string) => ({ registry, path: `${name}/image-cache` })
  const [from, to] = [repositoryOf(undisturbed.namespace), repositoryOf(namespace)]
  for (const [tag, digest] of undisturbed.cache)
    if (there.test(tag)) await copyManifest(client, { from, to, digest, tag })
  const proxy = await openRegistryProxy({
    mounts,
    ...(tokens && { tokens: login }),
    trouble: await troubleOf(combination, undisturbed),
  })
  const [staged = ''] = undisturbed.cache.flatMap(([tag]) => (tag.startsWith('build-') ? tag : []))
  const image = `${proxy.host}/${namespace}/image-cache:${staged}`
  const inputs = {
    ...{ namespace, ...combination.inputs, registry: proxy.host },
    ...(combination.command === 'tag' && { command: 'tag', image }),
    ...(tokens && login),
    ...(bases && { 'base-registry': `${proxy.host}/stand-in` }),
  }
  return {
    proxy,
    act: () => runHere(world, inputs, { ...waits, ...combination.waits }),
    publicTags: () => tagsOf(`${namespace}/vllm-openai`),
    state: () => stateOf(namespace),
    missing: () => missingOf(`${namespace}/vllm-openai`),
    close: proxy.close,
  }
}
