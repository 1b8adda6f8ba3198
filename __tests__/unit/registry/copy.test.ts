import { mediaTypes } from '../../../src/registry/content/media-types.ts'
import { describe, expect, it } from '@jest/globals'
import { setTimeout as wait } from 'node:timers/promises'
import { UserError } from '../../../src/errors.ts'
import { copyManifest, placeManifest } from '../../../src/registry/copy.ts'
import { type Digest, digestOf } from '../../../src/registry/content/digest.ts'
import { parseManifest } from '../../../src/registry/content/manifest.ts'
import type { Manifest } from '../../../src/registry/manifests.ts'
import { formatRepository, type Repository } from '../../../src/registry/content/reference.ts'

const from: Repository = { registry: 'ghcr.io', path: 'aibrix/cache' }
const to: Repository = { registry: 'ghcr.io', path: 'aibrix/x' }

function manifest(content: object): Manifest {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, ...content }))
  const parsed = parseManifest(bytes, '', 'x')
  return { bytes, digest: digestOf(bytes), mediaType: parsed.mediaType, parsed }
}

const blob = (text: string, mediaType: string = mediaTypes.ociLayerGzip) => ({
  mediaType,
  digest: digestOf(Buffer.from(text)),
  size: text.length,
})
const image = (name: string, layers = [blob('shared'), blob(name)]) =>
  manifest({
    mediaType: mediaTypes.ociManifest,
    config: blob(`config ${name}`, mediaTypes.ociConfig),
    layers,
  })
const index = (children: Manifest[]) =>
  manifest({
    mediaType: mediaTypes.ociIndex,
    manifests: children.map(({ digest, mediaType, bytes }) => ({ digest, mediaType, size: bytes.length })),
  })

/** A registry in memory that refuses manifests whose parts are missing, as real ones do. */
function registry(stored: Manifest[], settings: { failAt?: string; swap?: Manifest } = {}) {
  const manifests = new Map(stored.map((each) => [`${formatRepository(from)}@${each.digest}`, each]))
  const blobs = new Set<string>()
  const log: string[] = []
  let running = 0
  let most = 0
  const step = async (what: string) => {
    log.push(what)
    running++
    most = Math.max(most, running)
    await wait(2)
    running--
    if (what.startsWith(settings.failAt ?? 'never')) throw new UserError(`refused ${what}.`)
  }
  const client = {
    getManifest: async (repository: Repository, reference: string) => {
      await step(`get ${reference}`)
      return manifests.get(`${formatRepository(repository)}@${reference}`)
    },
    mountBlob: async ({ to, digest }: { to: Repository; digest: Digest }) => {
      await step(`mount ${digest}`)
      blobs.add(`${formatRepository(to)}@${digest}`)
      return 'mounted' as const
    },
    putManifest: async (repository: Repository, reference: string, bytes: Uint8Array, mediaType: string) => {
      await step(`put ${reference}`)
      const own = {
        ...manifest(JSON.parse(Buffer.from(bytes).toString()) as object),
        bytes: Buffer.from(bytes),
        mediaType,
      }
      const here = formatRepository(repository)
      const has = (digest: string) =>
        blobs.has(`${here}@${digest}`) || manifests.has(`${here}@${digest}`) || repository === from
      const parts =
        own.parsed.kind === 'image' ? [own.parsed.config, ...own.parsed.layers] : own.parsed.manifests
      for (const { digest } of parts) if (!has(digest)) throw new UserError(`${digest} unknown.`)
      manifests.set(`${here}@${reference}`, settings.swap ?? own)
      manifests.set(`${here}@${own.digest}`, own)
      return own.digest
    },
    confirmManifest: async (repository: Repository, reference: string, digest: Digest) => {
      await step(`confirm ${reference}`)
      if (manifests.get(`${formatRepository(repository)}@${reference}`)?.digest !== digest)
        throw new UserError('other.')
    },
  }
  return { client, log, most: () => most, manifests }
}

describe('copyManifest', () => {
  it('mounts each blob once, pushes the manifests of the index, then the tag, and reads the tag back', async () => {
    const [amd64, attestation] = [image('amd64'), image('attestation')]
    const top = index([amd64, attestation])
    const { client, log, manifests } = registry([top, amd64, attestation])
    expect(await copyManifest(client, { from, to, digest: top.digest, tag: 'v1' })).toBe(top.digest)
    const words = log.map((line) => line.split(' ')[0] ?? '')
    expect(words.join(' ')).toBe('get get get mount mount mount mount mount put put put confirm')
    expect(log.at(-2)).toBe('put v1')
    expect(manifests.get(`${formatRepository(to)}@v1`)?.bytes.equals(top.bytes)).toBe(true)
  })

  it('copies an index of indexes from the inside out', async () => {
    const inner = image('inner')
    const middle = index([inner])
    const top = index([middle])
    const { client } = registry([top, middle, inner])
    await copyManifest(client, { from, to, digest: top.digest, tag: 'v1' })
  })

  it('copies a manifest with two parents once, before both of them', async () => {
    const shared = image('shared')
    const inner = index([shared])
    const top = index([shared, inner, shared, inner])
    const { client, log } = registry([top, inner, shared])
    await copyManifest(client, { from, to, digest: top.digest, tag: 'v1' })
    expect(log.filter((line) => /^(get|put) /.test(line))).toEqual([
      `get ${top.digest}`,
      `get ${shared.digest}`,
      `get ${inner.digest}`,
      `put ${shared.digest}`,
      `put ${inner.digest}`,
      'put v1',
    ])
  })

  it('pushes a new manifest that refers to existing ones', async () => {
    const [amd64, arm64] = [image('amd64'), image('arm64')]
    const top = index([amd64, arm64])
    const { client, manifests } = registry([amd64, arm64])
    expect(await placeManifest(client, { from, to, top, tag: top.digest })).toBe(top.digest)
    expect(manifests.get(`${formatRepository(to)}@${top.digest}`)?.bytes.equals(top.bytes)).toBe(true)
    expect(manifests.get(`${formatRepository(from)}@${top.digest}`)).toBeUndefined()
  })

  it.each([
    [
      'nests indexes deeper than 3',
      () => {
        const stored = [image('leaf')]
        for (let depth = 0; depth < 4; depth++) stored.unshift(index(stored.slice(0, 1)))
        return stored
      },
      4,
    ],
    [
      'holds more than 200 manifests',
      () => {
        const children = Array.from({ length: 300 }, (_, number) => image(`child ${number}`))
        return [index(children), ...children]
      },
      202,
    ],
  ])('refuses an index that %s after a few requests', async (expected, make, requests) => {
    const stored = make()
    const { client, log } = registry(stored)
    const work = copyManifest(client, { from, to, digest: stored[0]?.digest ?? '', tag: 'v1' })
    await expect(work).rejects.toThrow(`${expected}; it is not copied.`)
    expect(log).toHaveLength(requests)
    expect(log.every((line) => line.startsWith('get '))).toBe(true)
  })

  it('writes only the tag within one repository', async () => {
    const top = image('amd64')
    const { client, log } = registry([top])
    await copyManifest(client, { from, to: { ...from }, digest: top.digest, tag: 'build-1' }).catch(
      () => undefined,
    )
    expect(log).toEqual([`get ${top.digest}`, 'put build-1'])
  })

  it('copies at most four blobs in parallel, and starts none after an error', async () => {
    const top = image(
      'many',
      Array.from({ length: 40 }, (_, number) => blob(`layer ${number}`)),
    )
    const fine = registry([top])
    await copyManifest(fine.client, { from, to, digest: top.digest, tag: 'v1' })
    expect(fine.most()).toBe(4)
    const broken = registry([top], { failAt: 'mount' })
    await expect(copyManifest(broken.client, { from, to, digest: top.digest, tag: 'v1' })).rejects.toThrow(
      'refused',
    )
    expect(broken.log.filter((line) => line.startsWith('mount'))).toHaveLength(4)
    expect(broken.log.some((line) => line.startsWith('put'))).toBe(false)
  })

  it.each([
    ['a missing manifest', `sha256:${'0'.repeat(64)}`, 'does not exist and cannot be copied'],
    ['what is no digest', 'v1', 'is not a digest'],
  ])('refuses %s', async (_, digest, expected) => {
    await expect(copyManifest(registry([]).client, { from, to, digest, tag: 'v1' })).rejects.toThrow(expected)
  })

  it('refuses an incomplete index without creating a tag', async () => {
    const top = index([image('gone')])
    const { client, log } = registry([top])
    await expect(copyManifest(client, { from, to, digest: top.digest, tag: 'v1' })).rejects.toThrow(
      'does not exist',
    )
    expect(log.some((line) => line.startsWith('put'))).toBe(false)
  })

  it('throws if the tag names something else afterwards', async () => {
    const top = image('amd64')
    const { client } = registry([top], { swap: image('other') })
    await expect(copyManifest(client, { from, to, digest: top.digest, tag: 'v1' })).rejects.toThrow('other')
  })
})
