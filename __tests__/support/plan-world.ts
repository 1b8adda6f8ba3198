import { rememberAnswers } from '../../src/plan/remember.ts'
import { createStoreReader } from '../../src/store/store.ts'
import { parseImageConfig } from '../../src/registry/content/image-config.ts'
import { mediaTypes } from '../../src/registry/content/media-types.ts'
import type { Product } from '../../src/plan/versions/release.ts'
import { readFileSync } from 'node:fs'
import { parseCatalogue } from '../../src/plan/feasibility/catalogue.ts'
import type { PlanWorld } from '../../src/plan/world.ts'
import type { PlanRequest } from '../../src/plan/request.ts'
import { parseSelectors, type Selectors } from '../../src/plan/versions/selector.ts'
import { digestOf } from '../../src/registry/content/digest.ts'
import { parseManifest } from '../../src/registry/content/manifest.ts'

/**
 * The images of a registry in memory: `path:tag` → labels of the image for each platform; with one
 * platform it is a plain manifest. The label `made` is when its layers were built. `content` stands
 * for them: without it each tag names an image of its own. `onbuild` has a line for each ONBUILD
 * instruction.
 */
export type Images = Record<string, Record<string, Record<string, string>>>

export const commit = '52405d7852405d7852405d7852405d7852405d78'

export function selectors(product: Product, text: string): Selectors {
  const parsed = parseSelectors(text, product)
  if ('invalid' in parsed) throw new Error(`${parsed.invalid} is not a selector`)
  return parsed
}

function blob(content: unknown) {
  const bytes = Buffer.from(JSON.stringify(content))
  return { bytes, digest: digestOf(bytes), size: bytes.length }
}

/** @param delay delays each answer, so that tests can have any order */
export function registryOf(images: Images, delay: () => Promise<void> = () => Promise.resolve()) {
  const stored = new Map<string, { bytes: Buffer; mediaType: string }>()
  const configs = new Map<string, Buffer>()
  const tags = new Map<string, string[]>()
  const requests: string[] = []
  for (const [name, platforms] of Object.entries(images)) {
    const [path = '', tag = ''] = name.split(':')
    tags.set(path, [...(tags.get(path) ?? []), tag])
    const children = Object.entries(platforms).map(([platform, labels]) => {
      const [os, architecture] = platform.split('/')
      const config = blob({
        os,
        architecture,
        created: labels.made,
        config: { Labels: labels, OnBuild: labels.onbuild?.split('\n') },
        rootfs: { diff_ids: [labels.content ?? name.split('/').at(-1)] },
      })
      configs.set(config.digest, config.bytes)
      const manifest = blob({
        schemaVersion: 2,
        mediaType: mediaTypes.ociManifest,
        config: { mediaType: mediaTypes.ociConfig, digest: config.digest, size: config.size },
        layers: [
          { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: config.digest, size: 7 },
        ],
      })
      stored.set(`${path}:${manifest.digest}`, { bytes: manifest.bytes, mediaType: mediaTypes.ociManifest })
      return { ...manifest, platform: { os, architecture } }
    })
    const [only] = children
    const top =
      children.length === 1 && only
        ? { bytes: only.bytes, mediaType: mediaTypes.ociManifest }
        : {
            bytes: blob({
              schemaVersion: 2,
              mediaType: mediaTypes.ociIndex,
              manifests: children.map(({ digest, size, platform }) => ({
                mediaType: mediaTypes.ociManifest,
                digest,
                size,
                platform,
              })),
            }).bytes,
            mediaType: mediaTypes.ociIndex,
          }
    stored.set(name, top).set(`${path}:${digestOf(top.bytes)}`, top)
  }
  const registry: PlanWorld['registry'] = {
    getManifest: async ({ path }, reference) => {
      requests.push(`manifest ${path}:${reference}`)
      await delay()
      const found = stored.get(`${path}:${reference}`)
      if (!found) return undefined
      const parsed = parseManifest(found.bytes, found.mediaType, path)
      return { ...found, digest: digestOf(found.bytes), parsed }
    },
    getImageConfig: async ({ path }, manifest) => {
      requests.push(`config ${path}`)
      await delay()
      return parseImageConfig(configs.get(manifest.config.digest) ?? Buffer.alloc(0), path)
    },
    listTags: async ({ path }) => {
      requests.push(`tags ${path}`)
      await delay()
      return tags.get(path) ?? []
    },
  }
  return { registry, requests }
}

const amd64 = { 'linux/amd64': {} }

/** Bases that are possible with AIBrix v0.5.0, as far as the catalogue tells. */
export const bases: Images = {
  'vllm/vllm-openai:v0.10.2': amd64,
  'vllm/vllm-openai:v0.9.1': amd64,
  'vllm/vllm-openai:v0.11.0': amd64,
  'lmsysorg/sglang:v0.5.5.post3': amd64,
}

export function catalogue() {
  return parseCatalogue(readFileSync('dockerfiles/catalogue.json', 'utf8'))
}

/** A git with these tags and branches in every repository. */
export function gitOf(tags: string[], branches: string[] = []): PlanWorld['git'] {
  return () =>
    Promise.resolve(
      [
        ...tags.map((tag) => `${commit}\trefs/tags/${tag}\n`),
        ...branches.map((branch) => `${commit}\trefs/heads/${branch}\n`),
      ].join(''),
    )
}

export const releases = ['v0.5.0', 'v0.6.0', 'v0.7.0', 'v1.19.0']

export function world(images: Images = {}, changes: Partial<PlanWorld> = {}): PlanWorld {
  const given = changes.registry ?? registryOf({ ...bases, ...images }).registry
  const registry = { ...given, ...rememberAnswers(given) }
  const getBlob = () => Promise.reject(new Error('a plan in memory reads no documents'))
  return {
    staged: createStoreReader({ ...registry, getBlob }, request().cacheRepository).legs,
    git: gitOf(releases, ['main']),
    nixl: {
      versions: ({ cuda }) =>
        Promise.resolve({ state: 'known', versions: cuda === '13.0' ? ['0.7.1'] : ['0.7.0', '0.7.1'] }),
    },
    catalogue: catalogue(),
    recipeOf: () => 'recipe',
    storedFacts: () => Promise.resolve(undefined),
    ownFacts: () => undefined,
    unfit: () => Promise.resolve(undefined),
    copyOfBase: () => Promise.resolve(undefined),
    ...changes,
    registry,
  }
}

export function request(changed: Partial<PlanRequest> = {}): PlanRequest {
  return {
    engines: [{ engine: 'vllm', versions: selectors('engine', 'v0.10.2') }],
    aibrix: {
      repository: { kind: 'url', url: 'https://git.example/aibrix' },
      versions: selectors('aibrix', 'default'),
    },
    nixl: selectors('nixl', 'default'),
    ucxRepository: { kind: 'url', url: 'https://git.example/ucx' },
    integration: 'auto',
    gpuArchitectures: 'auto',
    platforms: ['linux/amd64'],
    buildArguments: {},
    environment: {},
    extraPackages: [],
    extraFiles: null,
    registry: 'docker.io',
    namespace: 'aibrix',
    baseRegistry: 'docker.io',
    baseImage: null,
    baseCompression: 'as-published',
    mirrors: [],
    cacheRepository: { registry: 'docker.io', path: 'aibrix/image-cache' },
    templates: [{ text: '{{engine-version}}-aibrix-{{aibrix}}-nixl-{{nixl}}-{{date}}', dated: true }],
    overwritable: [],
    date: '20251123',
    publicTags: 'look',
    force: false,
    rebuild: false,
    unchanged: 'keep',
    maxAge: undefined,
    ...changed,
  }
}
