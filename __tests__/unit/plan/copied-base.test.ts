import { describe, expect, it } from '@jest/globals'
import { baseName, copyWarning } from '../../../src/plan/base.ts'
import { makePlan } from '../../../src/plan/make-plan.ts'
import type { Plan } from '../../../src/plan/plan.ts'
import { buildArguments } from '../../../src/buildkit/argv.ts'
import { parsePlan, serialisePlan } from '../../../src/store/plan-document.ts'
import { readBasesIn } from '../../../src/store/bases.ts'
import { namedCopiesTag } from '../../../src/store/contents.ts'
import { type Images, registryOf, request, world } from '../../support/plan-world.ts'

const platforms = ['linux/amd64', 'linux/arm64'] as [string, string]
const upstream = 'vllm/vllm-openai:v0.10.2'
const copy = `aibrix/image-cache:${namedCopiesTag(`docker.io/${upstream}`)}`
const content = { content: 'the base' }
/** Makes an index of what has a copy for one platform only. */
const other = { 'linux/riscv64': content }

/** Plans with these images in the registry, and with no other base. */
function plan(images: Images, asked: Partial<Parameters<typeof request>[0]> = {}): Promise<Plan> {
  const { registry } = registryOf(images)
  const { cacheRepository } = request()
  const { copyOf } = readBasesIn(registry, cacheRepository)
  return makePlan(request(asked), world({}, { registry, copyOfBase: copyOf }))
}

const legsOf = ({ images }: Plan) => images.flatMap((image) => image.legs)

describe('a base whose tag is gone upstream', () => {
  it('is replaced by its copy, which gives the same image', async () => {
    const [there] = legsOf(await plan({ [upstream]: { 'linux/amd64': content } }))
    const [leg] = legsOf(await plan({ [copy]: { 'linux/amd64': content, ...other } }))
    if (!leg || !there) throw new Error('both plans have a leg')
    expect(leg.buildId).toBe(there.buildId)
    expect(leg.base).toEqual({
      ...there.base,
      repository: request().cacheRepository,
      copyOf: `vllm/vllm-openai:v0.10.2`,
    })
    expect(baseName(leg.base)).toBe(baseName(there.base))
    const { digest } = leg.base
    expect(buildArguments(leg).BASE_IMAGE).toBe(`docker.io/aibrix/image-cache@${digest}`)
    expect(copyWarning(there.base)).toBeUndefined()
    expect(copyWarning(leg.base)).toBe(
      `The base vllm/vllm-openai:v0.10.2 no longer exists; its copy aibrix/image-cache@${digest} is used.`,
    )
  })

  it('is replaced on each platform by the copy for it', async () => {
    const both = { 'linux/amd64': content, 'linux/arm64': content }
    const there = legsOf(await plan({ [upstream]: both }, { platforms }))
    const legs = legsOf(await plan({ [copy]: both }, { platforms }))
    expect(legs.map(({ buildId }) => buildId)).toEqual(there.map(({ buildId }) => buildId))
  })

  it('is missing if there is a copy for one of two platforms only', async () => {
    const images = { [copy]: { 'linux/amd64': content, ...other } }
    await expect(plan(images, { platforms })).rejects.toThrow(
      'the base image docker.io/vllm/vllm-openai:v0.10.2 does not exist',
    )
  })

  it('is missing in another registry than the one that the copy is of', async () => {
    const images = { [copy]: { 'linux/amd64': content, ...other } }
    await expect(plan(images, { baseRegistry: 'mirror.example/hub' })).rejects.toThrow(
      'the base image mirror.example/hub/vllm/vllm-openai:v0.10.2 does not exist',
    )
  })

  it('stays in the document of the plan', async () => {
    const made = await plan({ [copy]: { 'linux/amd64': content, ...other } })
    expect(parsePlan(serialisePlan(made), 'it')).toEqual(made)
  })
})

it('a base that exists is never replaced by a copy, whatever that contains', async () => {
  const images = {
    [upstream]: { 'linux/amd64': content },
    [copy]: { 'linux/amd64': { content: 'older' }, ...other },
  }
  const [leg] = legsOf(await plan(images))
  expect(leg?.base.copyOf).toBeUndefined()
  expect(leg?.base.repository.path).toBe('vllm/vllm-openai')
})
