import { describe, expect, it } from '@jest/globals'
import { createOpenReader } from '../../../src/registry/open-reader.ts'
import type { Repository } from '../../../src/registry/content/reference.ts'
import { anonymous, at, sendJson, type TestServer, useOpened } from '../../support/web-server.ts'

const { server, client } = useOpened()

const known = () => Promise.resolve({ kind: 'password', username: 'me', password: 'canary' } as const)

async function readerOf(status: number, lookup: typeof anonymous | typeof known = anonymous) {
  const registry = await server((_, response) => {
    sendJson(response, status, {})
  })
  const warnings: string[] = []
  const cache = at(registry, 'aibrix/image-cache')
  const reader = createOpenReader(client(lookup), [cache], (warning) => warnings.push(warning))
  return { registry, reader, cache, warnings }
}

describe('a repository that a plan may not read', () => {
  it.each([401, 403])(
    'counts as empty without credentials, with one warning, if it is refused with %d',
    async (status) => {
      const { registry, reader, cache, warnings } = await readerOf(status)
      expect(await reader.listTags(cache)).toEqual([])
      expect(await reader.getManifest(cache, 'facts-x')).toBeUndefined()
      expect(warnings).toEqual([
        expect.stringMatching(`^${registry.host}/aibrix/image-cache cannot be read without credentials`),
      ])
    },
  )

  it.each<
    [string, number, typeof anonymous | typeof known, (cache: Repository, registry: TestServer) => Repository]
  >([
    ['with credentials', 403, known, (cache) => cache],
    ['if the registry is broken', 500, anonymous, (cache) => cache],
    ['if it is busy', 429, anonymous, (cache) => cache],
    ['if the host is not a registry', 404, anonymous, (cache) => cache],
    ['if it is a base', 401, anonymous, (_, registry) => at(registry, 'vllm/vllm-openai')],
  ])('is an error %s', async (_, status, lookup, of) => {
    const { registry, reader, cache, warnings } = await readerOf(status, lookup)
    await expect(reader.listTags(of(cache, registry))).rejects.toThrow(`registry ${registry.host}`)
    expect(warnings).toEqual([])
  })
})
