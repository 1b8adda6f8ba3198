import { expect } from '@jest/globals'
import { waits, wanted } from '../faults/wanted.ts'
import { createRegistryClient } from '../../../src/registry/client.ts'
import { attach, putSignature } from '../referrers.ts'
import { type Content, openRegistryInMemory, type RegistryInMemory, withTags } from '../registry-in-memory.ts'
import { type Door, openRegistryProxy, type RegistryProxy } from '../registry-proxy.ts'
import { act, type Ended } from './act.ts'
import { publishBase } from './engine.ts'
import type { Digest } from '../../../src/registry/content/digest.ts'

const [published, mirrored] = ['acme/vllm-openai', 'team/vllm-openai']

/**
 * A public registry, and a mirror behind a proxy, which lacks the referrers API. `begin` is the
 * public registry with staged legs, or with published tags and what refers to them.
 */
export type Mirrored = {
  primary: RegistryInMemory
  mirror: RegistryInMemory
  door: Door
  proxy: RegistryProxy
  begin: Record<'staged' | 'published', Content>
  act: (signal?: AbortSignal) => Promise<Ended>
  close: () => Promise<void>
}

/** Runs an undisturbed run without mirrors, and attaches documents to what it published. */
export async function openMirrored(): Promise<Mirrored> {
  const primary = await openRegistryInMemory(new Map(), { referrers: true })
  const mirror = await openRegistryInMemory()
  const door: Door = { upstream: mirror.host }
  const proxy = await openRegistryProxy(door)
  await publishBase(primary.host, 'stand-in/vllm/vllm-openai:v0.21.0', ['linux/amd64'])
  const inputs = {
    ...{ ...wanted, namespace: 'acme', push: 'true', cache: 'registry' },
    ...{ registry: primary.host, 'base-registry': `${primary.host}/stand-in` },
  }
  const first = await act(inputs, { waits })
  expect(first.errors).toEqual([])
  const staged = withTags(primary.content(), published, /^(?!)/)
  await attachTo(primary)
  const mirrors = `${proxy.host}/${mirrored}`
  return {
    ...{ primary, mirror, door, proxy, begin: { staged, published: primary.content() } },
    act: (signal) => act({ ...inputs, mirrors }, { waits, ...(signal && { signal }) }),
    close: async () => {
      await proxy.close()
      await mirror.close()
      await primary.close()
    },
  }
}

async function attachTo({ host, tagsOf, manifest }: RegistryInMemory): Promise<void> {
  const client = createRegistryClient({ credentials: () => Promise.resolve(undefined) })
  const repository = { registry: host, path: published }
  const [digest = ''] = tagsOf(published).values()
  const { mediaType } = manifest(published, digest) as { mediaType: string }
  const size = (await client.getManifest(repository, digest))?.bytes.length ?? 0
  const subject = { mediaType, digest: digest as Digest, size }
  const sbom = await attach(client, repository, subject, 'packages')
  await attach(client, repository, sbom, 'signature of the packages')
  await putSignature(client, repository, subject.digest, 'signature')
  client.close()
}

/** Returns the tags in the mirror that are no signatures. */
export function imageTags({ mirror }: Pick<Mirrored, 'mirror'>): Record<string, string> {
  return Object.fromEntries([...mirror.tagsOf(mirrored)].filter(([tag]) => !tag.startsWith('sha256-')))
}

/** Asserts that the mirror has the public tags, the same digests, and what refers to them. */
export function expectMirrored({ primary, mirror }: Mirrored, begin: keyof Mirrored['begin']): void {
  const all = primary.tagsOf(published)
  const tags = Object.fromEntries([...all].filter(([tag]) => !tag.startsWith('sha256-')))
  expect(Object.keys(tags)).toHaveLength(2)
  expect(imageTags({ mirror })).toEqual(tags)
  expect(mirror.dangling()).toEqual([])
  if (begin === 'staged') return
  // The index in place of the referrers API for the image and for its list of packages, and a signature
  expect(mirror.tagsOf(mirrored).size - Object.keys(tags).length).toBe(3)
}

/** How the mirror fails from the nth request on: for ever, or as often as retries outlast */
export type Failing = { nth: number; status: 403 | 500; times: number }

/**
 * Runs the action with a mirror that fails.
 * @returns the request; undefined if there are fewer
 */
export async function failedAt(
  { door, act }: Mirrored,
  { nth, status, times }: Failing,
): Promise<{ at: string | undefined; ended: Ended }> {
  let seenSoFar = 0
  let at: string | undefined
  door.before = (seen) => {
    seenSoFar += 1
    if (seenSoFar === nth) at = seen
    return seenSoFar >= nth && seenSoFar < nth + times ? status : undefined
  }
  const ended = await act()
  delete door.before
  return { at, ended }
}
