import { describe, expect, it } from '@jest/globals'
import { makePlan } from '../../../src/plan/make-plan.ts'
import type { PlannedImage } from '../../../src/plan/plan.ts'
import { buildIdLabel } from '../../../src/plan/published/published.ts'
import type { PlanRequest } from '../../../src/plan/request.ts'
import { stagedTag } from '../../../src/store/contents.ts'
import { bases, type Images, registryOf, request, world } from '../../support/plan-world.ts'

const start = 'v0.10.2-aibrix-v0.5.0-nixl-0.7.1'
const [today, earlier] = [`${start}-20251123`, `${start}-20251101`]
const mirror = { registry: 'ghcr.io', path: 'acme/vllm-openai' }
const mirrors: PlanRequest['mirrors'] = [
  { engine: 'vllm', repository: mirror },
  { engine: 'sglang', repository: { registry: 'ghcr.io', path: 'acme/sglang' } },
]
const [usual] = request().templates
if (!usual) throw new Error('there is a template')

async function planned(images: Images, changed: Partial<PlanRequest> = {}): Promise<PlannedImage> {
  const { images: all } = await makePlan(request({ mirrors, ...changed }), world(images))
  const [image] = all
  if (!image) throw new Error('the plan is empty')
  return image
}

const { legs } = await planned({})
const [{ buildId }] = legs

/** The planned content, the same built again, and something else. */
const contents = {
  same: { [buildIdLabel]: buildId, content: 'one image' },
  again: { [buildIdLabel]: buildId, content: 'built again' },
  other: { [buildIdLabel]: 'f'.repeat(64) },
}
type Content = keyof typeof contents

/** @param there tag → what it names */
function images(path: string, there: Record<string, Content>): Images {
  return Object.fromEntries(
    Object.entries(there).map(([tag, what]) => [`${path}:${tag}`, { 'linux/amd64': contents[what] }]),
  )
}

const staged: Images = { [`aibrix/image-cache:${stagedTag(legs[0])}`]: { 'linux/amd64': contents.same } }

type There = Record<string, Content>
const undated = { templates: [usual, { text: '{{engine-version}}', dated: false }] }

describe('the mirrors of a planned image', () => {
  it.each<[string, There, There, Partial<PlanRequest>, string[]]>([
    ['lack all tags before it is published', {}, {}, {}, [today]],
    ['lack nothing if they have the same digest', { [today]: 'same' }, { [today]: 'same' }, {}, []],
    ['lack the tags that a published image has', { [today]: 'same' }, {}, {}, [today]],
    ['get the tags that a published image keeps', { [earlier]: 'same' }, {}, {}, [earlier]],
    ['have the tags that a published image keeps', { [earlier]: 'same' }, { [earlier]: 'same' }, {}, []],
    ['lack single tags', { [today]: 'same', 'v0.10.2': 'same' }, { 'v0.10.2': 'same' }, undated, [today]],
    [
      'lack the tags that the public repository lacks',
      { [today]: 'same' },
      { [today]: 'same' },
      undated,
      ['v0.10.2'],
    ],
    [
      'lack what they have of another build, if that is overwritten',
      { [today]: 'same' },
      { [today]: 'again' },
      { publicTags: 'overwrite' },
      [today],
    ],
    [
      'follow a public tag that is built again',
      { [today]: 'same' },
      { [today]: 'same' },
      { rebuild: true },
      [today],
    ],
  ])('%s', async (_, published, mirrored, changed, expected) => {
    const all = { ...images('aibrix/vllm-openai', published), ...images(mirror.path, mirrored) }
    expect((await planned(all, changed)).mirrors).toEqual([{ repository: mirror, missingTags: expected }])
  })

  it('are not built again for a tag that a mirror lacks', async () => {
    const { published, cause } = await planned(images('aibrix/vllm-openai', { [today]: 'same' }))
    expect(published).toMatchObject({ kind: 'same', tags: [today], missingTags: [] })
    expect(cause).toEqual({ kind: 'unchanged', tag: today })
  })

  it.each<[string, There, There, Partial<PlanRequest>]>([
    ['something else', {}, { [today]: 'other' }, {}],
    ['what is to be built, from an earlier build', {}, { [today]: 'same' }, {}],
    ['another build of what is published', { [today]: 'same' }, { [today]: 'again' }, {}],
    ['something else than what is published', { [earlier]: 'same' }, { [earlier]: 'other' }, {}],
  ])('are refused before anything is built if a tag names %s', async (_, published, mirrored, changed) => {
    const all = { ...images('aibrix/vllm-openai', published), ...images(mirror.path, mirrored) }
    const [tag = ''] = Object.keys(mirrored)
    await expect(planned(all, changed)).rejects.toThrow(
      `ghcr.io/acme/vllm-openai:${tag} already names a different image than the one for docker.io/aibrix/vllm-openai; choose another date or tag, or set overwrite-tags: true.`,
    )
  })

  it('are judged by the promotion if all legs are staged, since their digest decides', async () => {
    const all = { ...staged, ...images(mirror.path, { [today]: 'same' }) }
    expect((await planned(all)).mirrors).toEqual([{ repository: mirror, missingTags: [today] }])
  })

  it('are not asked without push', async () => {
    const { registry, requests } = registryOf(bases)
    const plan = await makePlan(request({ mirrors, publicTags: 'ignore' }), world({}, { registry }))
    expect(plan.images.map((image) => image.mirrors)).toEqual([[]])
    expect(requests.join()).not.toContain('acme/')
  })
})
