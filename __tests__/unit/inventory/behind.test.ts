import { describe, expect, it } from '@jest/globals'
import { UserError } from '../../../src/errors.ts'
import type { ListWorld } from '../../../src/inventory/list.ts'
import { gitOf } from '../../support/plan-world.ts'
import {
  bases,
  createMemory,
  legOf,
  listIn,
  type Memory,
  publishImage,
  putConfigured,
} from '../../support/published-images.ts'

const nixlOf = (versions: string[]): ListWorld['nixl'] => ({
  versions: () => Promise.resolve({ state: 'known', versions }),
})

async function published(tags: readonly string[] = []): Promise<Memory> {
  const memory = createMemory()
  for (const [engine, nixl] of [
    ['0.20.0', '0.7.1'],
    ['0.21.0', '0.7.0'],
  ] as const)
    await publishImage(memory, legOf(engine, nixl), { tags: [`v${engine}`] })
  for (const tag of tags) await putConfigured(memory, bases, tag, {})
  return memory
}

describe('what is behind', () => {
  it('is compared with the newest of each product', async () => {
    const memory = await published([
      'v0.20.0',
      'v0.21.0',
      'v0.21.1',
      'v0.22.0',
      'v0.23.0rc1',
      'v0.22.0-cu129',
    ])
    const git = gitOf(['v0.6.0', 'v0.7.0', 'v0.8.0', 'v0.9.0-rc.1', 'gateway-v1.0.0'])
    const { behind } = await listIn(memory, {}, { git, nixl: nixlOf(['0.7.0', '0.7.1', '0.8.0', '1.0.0']) })
    expect(behind).toEqual([
      { what: 'vllm', published: '0.21.0', newer: ['v0.22.0', 'v0.21.1'] },
      { what: 'aibrix', published: '0.7.0', newer: ['v0.8.0'] },
      { what: 'nixl', published: '0.7.1', newer: ['1.0.0', '0.8.0'] },
    ])
  })

  it('is nothing if the newest is published', async () => {
    const memory = await published(['v0.21.0'])
    const { behind, warnings } = await listIn(memory, {}, { git: gitOf(['v0.7.0']), nixl: nixlOf(['0.7.1']) })
    expect({ behind, warnings }).toEqual({ behind: [], warnings: [] })
  })

  it('is the newest release alone if nothing is published', async () => {
    const memory = createMemory()
    for (const tag of ['v0.20.0', 'v0.21.0']) await putConfigured(memory, bases, tag, {})
    const { behind } = await listIn(
      memory,
      {},
      { git: gitOf(['v0.6.0', 'v0.7.0']), nixl: nixlOf(['0.7.1', '0.7.0']) },
    )
    expect(behind).toEqual([
      { what: 'vllm', published: null, newer: ['v0.21.0'] },
      { what: 'aibrix', published: null, newer: ['v0.7.0'] },
      { what: 'nixl', published: null, newer: ['0.7.1'] },
    ])
  })

  it('is asked for each selected engine', async () => {
    const memory = await published()
    await putConfigured(memory, { registry: 'docker.io', path: 'lmsysorg/sglang' }, 'v0.5.5', {})
    const { behind } = await listIn(memory, { engines: ['vllm', 'sglang'] })
    expect(behind).toEqual([{ what: 'sglang', published: null, newer: ['v0.5.5'] }])
  })

  it.each<[string, Partial<ListWorld>, RegExp]>([
    [
      'git fails',
      { git: () => Promise.reject(new UserError('git is gone.')) },
      /^The releases of aibrix in https:\/\/git\.example\/aibrix: git is gone\.$/,
    ],
    [
      'pip is missing',
      { nixl: { versions: () => Promise.resolve({ state: 'no-pip', reason: 'python3 has no pip' }) } },
      /^The releases of nixl in the package index: python3 has no pip\.$/,
    ],
    [
      'the index lacks NIXL',
      {
        nixl: { versions: () => Promise.resolve({ state: 'known', versions: [], absent: 'it has no nixl' }) },
      },
      /^The releases of nixl in the package index: it has no nixl\.$/,
    ],
  ])('is a warning if %s', async (_, changes, warning) => {
    const memory = await published(['v0.22.0'])
    const { behind, warnings } = await listIn(memory, {}, changes)
    expect(behind).toEqual([{ what: 'vllm', published: '0.21.0', newer: ['v0.22.0'] }])
    expect(warnings).toEqual([expect.stringMatching(warning)])
  })

  it('is a warning if there is no repository of bases', async () => {
    const memory = await published()
    const { client } = memory
    const listTags: typeof client.listTags = (repository) =>
      repository.path === bases.path ? Promise.resolve([]) : client.listTags(repository)
    const { behind, warnings } = await listIn({ ...memory, client: { ...client, listTags } })
    expect(behind).toEqual([])
    expect(warnings).toEqual([
      'The releases of vllm in docker.io/vllm/vllm-openai: The repository has no tags, or does not exist; check base-registry.',
    ])
  })

  it('is a warning if the bases cannot be listed', async () => {
    const memory = await published()
    const { client } = memory
    const listTags: typeof client.listTags = (repository) =>
      repository.path === bases.path ? Promise.reject(new UserError('No.')) : client.listTags(repository)
    const { behind, warnings } = await listIn({ ...memory, client: { ...client, listTags } })
    expect(behind).toEqual([])
    expect(warnings).toEqual([
      'docker.io/vllm/vllm-openai:v0.21.0, The releases of vllm in docker.io/vllm/vllm-openai: No.',
    ])
  })
})
