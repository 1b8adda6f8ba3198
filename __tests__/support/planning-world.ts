import { createStore } from '../../src/store/store.ts'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { resolveBase } from '../../src/plan/base.ts'
import type { RegistryClient } from '../../src/registry/client.ts'
import { digestOf } from '../../src/registry/content/digest.ts'
import { mediaTypes } from '../../src/registry/content/media-types.ts'
import { parseRepository, type Repository } from '../../src/registry/content/reference.ts'
import type { Facts } from '../../src/verify/facts.ts'
import { registry } from './action.ts'
import { openTestClient } from './test-client.ts'

/** A base image for plans only: `vllm/vllm-openai:v0.10.2`; an index has an attestation, too. */
export type TinyBase = { repository: string; tag: string; index?: boolean; onBuild?: string[] }

/**
 * Publishes bases in the test registry, each with its own digest.
 * @param namespace precedes their names
 */
export async function publishBases(namespace: string, bases: readonly TinyBase[]): Promise<void> {
  await withClient(async (client) => {
    await Promise.all(
      bases.map(async ({ repository, tag, index = false, onBuild }) => {
        const to = parseRepository(`${registry}/${namespace}/${repository}`)
        const image = await imageOf(client, to, { name: `${repository}:${tag}` }, onBuild)
        const bytes = Buffer.from(JSON.stringify(image))
        const child = await client.putManifest(to, index ? `child-${tag}` : tag, bytes, image.mediaType)
        if (index) await putIndex(client, to, tag, { digest: child, size: bytes.length })
      }),
    )
  })
}

/** Publishes one base with all of these tags. */
export async function publishTags(
  namespace: string,
  repository: string,
  tags: readonly string[],
): Promise<void> {
  await withClient(async (client) => {
    const to = parseRepository(`${registry}/${namespace}/${repository}`)
    const image = await imageOf(client, to, { name: repository })
    const bytes = Buffer.from(JSON.stringify(image))
    await Promise.all(tags.map((tag) => client.putManifest(to, tag, bytes, image.mediaType)))
  })
}

/** An image with the labels of a run, without its layers. An index repeats them, as BuildKit's do. */
export type TinyImage = { repository: string; tags: readonly string[]; labels: Labels; index: boolean }

type Labels = Record<string, string>

/** Publishes or stages images in a repository of the namespace. */
export async function publishImages(namespace: string, images: readonly TinyImage[]): Promise<void> {
  await withClient(async (client) => {
    await Promise.all(
      images.map(async ({ repository, tags, labels, index }) => {
        const to = parseRepository(`${registry}/${namespace}/${repository}`)
        const image = await imageOf(client, to, labels)
        const bytes = Buffer.from(JSON.stringify(image))
        const digest = await client.putManifest(to, digestOf(bytes), bytes, image.mediaType)
        for (const tag of tags)
          if (index) await putIndex(client, to, tag, { digest, size: bytes.length }, labels)
          else await client.putManifest(to, tag, bytes, image.mediaType)
      }),
    )
  })
}

/** Stores facts about a base in the namespace's cache repository, as a run does. */
export async function storeMeasured(
  namespace: string,
  { repository, tag }: TinyBase,
  facts: Facts,
): Promise<void> {
  await withClient(async (client) => {
    const from = parseRepository(`${registry}/${namespace}/${repository}`)
    const nothing = () => Promise.resolve(undefined)
    const wanted = { repository: from, tag, reference: tag }
    const found = await resolveBase(client, wanted, ['linux/amd64'], {
      copyFor: nothing,
      nearest: nothing,
    })
    const base = 'bases' in found ? found.bases.get('linux/amd64') : undefined
    if (!base) throw new Error(`${repository}:${tag} is no base`)
    await createStore(client, parseRepository(`${registry}/${namespace}/image-cache`)).facts.write(
      base,
      facts,
    )
  })
}

async function withClient(work: (client: RegistryClient) => Promise<void>): Promise<void> {
  const client = openTestClient()
  try {
    await work(client)
  } finally {
    client.close()
  }
}

async function imageOf(client: RegistryClient, to: Repository, labels: Labels, onBuild?: string[]) {
  const layer = Buffer.from('no layer')
  const config = Buffer.from(
    JSON.stringify({
      os: 'linux',
      architecture: 'amd64',
      config: { Entrypoint: ['serve'], Env: ['PATH=/usr/bin'], Labels: labels, OnBuild: onBuild },
      rootfs: { type: 'layers', diff_ids: [`sha256:${'0'.repeat(64)}`] },
    }),
  )
  return {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: {
      mediaType: mediaTypes.ociConfig,
      digest: await client.putBlob(to, config),
      size: config.length,
    },
    layers: [
      {
        mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
        digest: await client.putBlob(to, layer),
        size: layer.length,
      },
    ],
  }
}

async function putIndex(
  client: RegistryClient,
  to: Repository,
  tag: string,
  child: { digest: string; size: number },
  annotations?: Labels,
): Promise<void> {
  const entry = { mediaType: mediaTypes.ociManifest, ...child }
  const manifests = [
    { ...entry, platform: { os: 'linux', architecture: 'amd64' } },
    {
      ...entry,
      platform: { os: 'unknown', architecture: 'unknown' },
      annotations: { 'vnd.docker.reference.type': 'attestation-manifest' },
    },
  ]
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests, annotations }
  await client.putManifest(to, tag, Buffer.from(JSON.stringify(index)), mediaTypes.ociIndex)
}

/** Real tags, including nightlies and models: see the README of the lists. */
export function realTags(product: 'vllm' | 'sglang' | 'aibrix' | 'nixl'): string[] {
  return readFileSync(`__tests__/fixtures/tags/${product}.txt`, 'utf8').trim().split('\n')
}

/**
 * Creates a bare git repository with annotated tags, each on its own commit.
 * @returns tag → commit
 */
export function makeTaggedRepository(path: string, tags: readonly string[]): Map<string, string> {
  const git = (args: string[], input?: string) => execFileSync('git', args, { input, encoding: 'utf8' })
  git(['init', '--quiet', '--bare', '--initial-branch=main', path])
  const by = 'Test <test@example.invalid> 1764000000 +0000'
  const stream = tags.map((tag, index) => {
    const mark = `:${index + 1}`
    const message = `data ${Buffer.byteLength(tag)}\n${tag}\n`
    return `commit refs/heads/main\nmark ${mark}\ncommitter ${by}\n${message}\ntag ${tag}\nfrom ${mark}\ntagger ${by}\n${message}`
  })
  git(['-C', path, 'fast-import', '--quiet'], stream.join(''))
  return new Map(tags.map((tag) => [tag, git(['-C', path, 'rev-parse', `${tag}^{commit}`]).trim()]))
}

/** Creates a package index of empty wheels for index-server.ts: pip reads only their names. */
export function makeWheelIndex(directory: string, wheels: readonly string[]): void {
  for (const wheel of wheels) {
    const project = wheel.split('-', 1)[0]?.replaceAll('_', '-') ?? ''
    const folder = join(directory, 'simple', project)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, wheel), '')
  }
}
