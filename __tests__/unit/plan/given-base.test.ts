import { describe, expect, it } from '@jest/globals'
import { baseName } from '../../../src/plan/base.ts'
import { makePlan } from '../../../src/plan/make-plan.ts'
import { determinantsOf } from '../../../src/plan/keys/build-id.ts'
import { buildIdLabel } from '../../../src/plan/published/published.ts'
import type { PlanRequest } from '../../../src/plan/request.ts'
import { buildArguments } from '../../../src/buildkit/argv.ts'
import { parseReference } from '../../../src/registry/content/reference.ts'
import { readBasesIn } from '../../../src/store/bases.ts'
import { namedCopiesTag } from '../../../src/store/contents.ts'
import { parsePlan, serialisePlan } from '../../../src/store/plan-document.ts'
import { labelsOf } from '../../../src/verify/labels.ts'
import { makeFacts } from '../../support/verified-leg.ts'
import { type Images, registryOf, request, selectors, world } from '../../support/plan-world.ts'

const amd64 = { 'linux/amd64': { content: 'the base' } }
const own: Images = { 'acme/vllm:v1': amd64 }
const nixl = selectors('nixl', '0.7.1')

function plan(text: string, images: Images = own, asked: Partial<PlanRequest> = {}) {
  const { registry } = registryOf(images)
  const { copyOf } = readBasesIn(registry, request().cacheRepository)
  const baseImage = parseReference(text)
  return makePlan(request({ baseImage, nixl, ...asked }), world({}, { registry, copyOfBase: copyOf }))
}

async function legOf(...given: Parameters<typeof plan>) {
  const [leg] = (await plan(...given)).images.flatMap(({ legs }) => legs)
  if (!leg) throw new Error('the plan has no leg')
  return leg
}

const base = async () => (await legOf('ghcr.io/acme/vllm:v1')).base

describe('a base of base-image', () => {
  it('is pinned by its digest, and keeps its name, while version and tags are those of versions', async () => {
    const planned = await plan('ghcr.io/acme/vllm:v1')
    const leg = planned.images[0]?.legs[0]
    if (!leg) throw new Error('the plan has no leg')
    expect(leg.base).toMatchObject({ given: 'ghcr.io/acme/vllm:v1', tag: 'v0.10.2' })
    expect(baseName(leg.base)).toBe('ghcr.io/acme/vllm:v1')
    expect(buildArguments(leg).BASE_IMAGE).toBe(`ghcr.io/acme/vllm@${leg.base.digest}`)
    expect(planned.images[0]?.tags).toEqual(['v0.10.2-aibrix-v0.5.0-nixl-0.7.1-20251123'])
    expect(parsePlan(serialisePlan(planned), 'it')).toEqual(planned)
  })

  it('may be named by its digest alone, or by both', async () => {
    const { digest } = await base()
    for (const [text, name] of [
      [`ghcr.io/acme/vllm@${digest}`, 'ghcr.io/acme/vllm'],
      [`ghcr.io/acme/vllm:moved@${digest}`, 'ghcr.io/acme/vllm:moved'],
    ] as const) {
      const leg = await legOf(text)
      expect([leg.base.digest, baseName(leg.base)]).toEqual([digest, name])
    }
  })

  it('is in the build id and in the labels by its digest and repository, and not by its tag', async () => {
    const images = { ...own, 'acme/vllm:v2': amd64, 'other/vllm:v1': amd64 }
    const [one, sameContent, elsewhere] = [
      await legOf('ghcr.io/acme/vllm:v1', images),
      await legOf('ghcr.io/acme/vllm:v2', images),
      await legOf('ghcr.io/other/vllm:v1', images),
    ]
    expect(sameContent.buildId).toBe(one.buildId)
    expect(elsewhere.buildId).not.toBe(one.buildId)
    expect(determinantsOf(one, one.recipe)).toMatchObject({
      base: one.base.manifestDigest,
      baseRepository: 'ghcr.io/acme/vllm',
    })
    const labels = labelsOf(one, makeFacts(), new Map())
    expect(labels['org.opencontainers.image.base.name']).toBe(`ghcr.io/acme/vllm@${one.base.manifestDigest}`)
    expect(labels['org.opencontainers.image.description']).toMatch(/, on ghcr\.io\/acme\/vllm$/)
    expect(labelsOf(sameContent, makeFacts(), new Map())).toEqual(labels)
  })

  it("in the engine's own repository has no other id than the same one by its version", async () => {
    const images = { 'vllm/vllm-openai:v0.10.2': amd64, 'vllm/vllm-openai:nightly': amd64 }
    const usual = await makePlan(request({ nixl }), world({}, { registry: registryOf(images).registry }))
    expect((await legOf('vllm/vllm-openai:nightly', images)).buildId).toBe(usual.images[0]?.legs[0].buildId)
  })

  it('is not known by what the catalogue has of the version', async () => {
    const { images } = await plan('ghcr.io/acme/vllm:v1', own, { nixl: selectors('nixl', 'default') })
    // Upstream's would have the NIXL that AIBrix released with it.
    expect(images[0]?.legs[0]).toMatchObject({ nixl: 'base', nixlFrom: 'base' })
  })

  it('that is gone is replaced by its copy', async () => {
    const copy = `aibrix/image-cache:${namedCopiesTag('ghcr.io/acme/vllm:v1')}`
    const leg = await legOf('ghcr.io/acme/vllm:v1', { [copy]: { ...amd64, 'linux/riscv64': {} } })
    expect(leg.base).toMatchObject({ copyOf: 'ghcr.io/acme/vllm:v1', repository: request().cacheRepository })
    expect(leg.buildId).toBe((await legOf('ghcr.io/acme/vllm:v1')).buildId)
  })

  it.each<[string, string, Images, Partial<PlanRequest>]>([
    [
      'base-image: the image ghcr.io/acme/vllm:v2 does not exist, or this run may not read it; check its name',
      'ghcr.io/acme/vllm:v2',
      own,
      {},
    ],
    [
      `base-image: the image ghcr.io/acme/vllm@sha256:${'0'.repeat(64)} does not exist`,
      `ghcr.io/acme/vllm@sha256:${'0'.repeat(64)}`,
      own,
      {},
    ],
    ['is for linux/amd64, not for linux/arm64', 'ghcr.io/acme/vllm:v1', own, { platforms: ['linux/arm64'] }],
    [
      'was built by this action, which cannot install everything into it again; choose the image that it was built on, acme/vllm@sha256:1.',
      'ghcr.io/acme/vllm:v1',
      {
        'acme/vllm:v1': {
          'linux/amd64': {
            [buildIdLabel]: 'a'.repeat(64),
            'org.opencontainers.image.base.name': 'acme/vllm@sha256:1',
          },
        },
      },
      {},
    ],
    [
      'choose a base-image that has none',
      'ghcr.io/acme/vllm:v1',
      { 'acme/vllm:v1': { 'linux/amd64': { onbuild: 'RUN x' } } },
      {},
    ],
  ])('is refused: %s', async (message, text, images, asked) => {
    await expect(plan(text, images, asked)).rejects.toThrow(message)
  })
})
