import { describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { parseCatalogue } from '../../../src/plan/catalogue.ts'
import { makePlan, type PlanWorld } from '../../../src/plan/make-plan.ts'
import { buildIdLabel } from '../../../src/plan/published.ts'
import type { PlanRequest } from '../../../src/plan/request.ts'
import { parseEngineVersion } from '../../../src/plan/version.ts'
import { digestOf } from '../../../src/registry/digest.ts'
import { mediaTypes, parseImageConfig, parseManifest } from '../../../src/registry/manifest.ts'

const commit = '52405d7852405d7852405d7852405d7852405d78'
const template = '{{engine-version}}-aibrix-{{aibrix}}-nixl-{{nixl}}-{{date}}'
const wantedTag = 'v0.10.2-aibrix-v0.5.0-nixl-0.7.1-20251123'

/** A registry in memory: `path:tag` → labels of the plain image there. */
function registryOf(images: Record<string, Record<string, string>>): PlanWorld['registry'] {
  const manifests = new Map<string, Buffer>()
  const configs = new Map<string, Buffer>()
  for (const [name, labels] of Object.entries(images)) {
    const config = Buffer.from(
      JSON.stringify({
        os: 'linux',
        architecture: 'amd64',
        config: { Labels: labels },
        rootfs: { diff_ids: [name] },
      }),
    )
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.ociManifest,
        config: {
          mediaType: 'application/vnd.oci.image.config.v1+json',
          digest: digestOf(config),
          size: config.length,
        },
        layers: [],
      }),
    )
    configs.set(digestOf(config), config)
    manifests.set(name, manifest).set(`${name.split(':')[0] ?? ''}:${digestOf(manifest)}`, manifest)
  }
  return {
    getManifest: ({ path }, reference) => {
      const bytes = manifests.get(`${path}:${reference}`)
      if (!bytes) return Promise.resolve(undefined)
      const parsed = parseManifest(bytes, mediaTypes.ociManifest, path)
      return Promise.resolve({ bytes, digest: digestOf(bytes), mediaType: mediaTypes.ociManifest, parsed })
    },
    getImageConfig: ({ path }, manifest) =>
      Promise.resolve(parseImageConfig(configs.get(manifest.config.digest) ?? Buffer.alloc(0), path)),
  }
}

const bases = { 'vllm/vllm-openai:v0.10.2': {}, 'lmsysorg/sglang:v0.5.5.post3': {} }

function world(images: Record<string, Record<string, string>> = {}): PlanWorld {
  return {
    registry: registryOf({ ...bases, ...images }),
    git: (args) =>
      Promise.resolve(
        args
          .filter((arg) => arg.startsWith('refs/tags/') && !arg.endsWith('}'))
          .map((ref) => `${commit}\t${ref}\n`)
          .join(''),
      ),
    catalogue: parseCatalogue(readFileSync('dockerfiles/catalogue.json', 'utf8')),
    recipeOf: () => 'recipe',
  }
}

function request(changed: Partial<PlanRequest> = {}): PlanRequest {
  const version = parseEngineVersion('v0.10.2')
  if (!version) throw new Error('not a version')
  return {
    engines: [{ engine: 'vllm', version }],
    aibrix: { repository: { kind: 'url', url: 'https://git.example/aibrix' }, ref: 'default' },
    nixl: 'default',
    ucxRepository: { kind: 'url', url: 'https://git.example/ucx' },
    integration: 'auto',
    gpuArchitectures: 'auto',
    platform: 'linux/amd64',
    buildArguments: {},
    registry: 'docker.io',
    namespace: 'aibrix',
    baseRegistry: 'docker.io',
    cacheRepository: { registry: 'docker.io', path: 'aibrix/image-cache' },
    templates: [{ text: template, dated: true }],
    date: '20251123',
    publicTags: 'look',
    ...changed,
  }
}

describe('the plan', () => {
  it('pins base and sources and names the tag of the recommended images', async () => {
    const plan = await makePlan(request(), world())
    expect(plan.images).toHaveLength(1)
    const [image] = plan.images
    expect(image).toMatchObject({
      repository: { registry: 'docker.io', path: 'aibrix/vllm-openai' },
      tags: [wantedTag],
      published: { kind: 'absent' },
      leg: {
        nixl: '0.7.1',
        ucxVersion: '1.19.0',
        aibrix: { ref: 'v0.5.0', commit, kind: 'tag' },
        architecture: 'amd64',
      },
    })
    expect(image?.leg.base.digest).toMatch(/^sha256:/)
  })

  it('takes the current release of the catalogue for both engines by default', async () => {
    const engines = (['vllm', 'sglang'] as const).map((engine) => ({ engine, version: 'default' as const }))
    const plan = await makePlan(request({ engines }), world())
    expect(plan.images.map(({ leg }) => leg.version.tag)).toEqual(['v0.10.2', 'v0.5.5.post3'])
  })

  it('finds a published image of the same build id', async () => {
    const first = (await makePlan(request(), world())).images[0]
    const published = { [`aibrix/vllm-openai:${wantedTag}`]: { [buildIdLabel]: first?.leg.buildId ?? '' } }
    const second = (await makePlan(request(), world(published))).images[0]
    expect(second?.published.kind).toBe('same')
  })

  it('has the same build ids on another day, for another registry, with other tags', async () => {
    const other = {
      date: '20301231',
      registry: 'ghcr.io',
      namespace: 'me',
      templates: [{ text: 'x-{{date}}', dated: true }],
    }
    const ids = await Promise.all(
      [request(), request(other)].map(async (one) => (await makePlan(one, world())).images[0]?.leg.buildId),
    )
    expect(new Set(ids).size).toBe(1)
  })
})

describe('a plan is refused', () => {
  const taken = { [`aibrix/vllm-openai:${wantedTag}`]: { [buildIdLabel]: 'another' } }

  it('when a tag names something else', async () => {
    await expect(makePlan(request(), world(taken))).rejects.toThrow(
      `docker.io/aibrix/vllm-openai:${wantedTag} already names`,
    )
  })

  it('not when such a tag may be overwritten, or nothing is pushed', async () => {
    for (const publicTags of ['overwrite', 'ignore'] as const)
      expect((await makePlan(request({ publicTags }), world(taken))).images[0]?.published.kind).toBe('absent')
  })

  it('when the version does not exist', async () => {
    const version = parseEngineVersion('v9.9.9')
    if (!version) throw new Error('not a version')
    const missing = request({ engines: [{ engine: 'vllm', version }] })
    await expect(makePlan(missing, world())).rejects.toThrow(
      'the base image docker.io/vllm/vllm-openai:v9.9.9 does not exist',
    )
  })

  it('when it is not known which UCX a NIXL bundles', async () => {
    await expect(makePlan(request({ nixl: '9.9.9' }), world())).rejects.toThrow(
      'which UCX release NIXL 9.9.9 bundles',
    )
  })
})
