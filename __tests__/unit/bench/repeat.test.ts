import { afterEach, expect, it } from '@jest/globals'
import { createHash } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { restoreSnapshot, takeSnapshot } from '../../../script/bench-repeat.ts'

let server: Server | undefined
afterEach(() => {
  server?.close()
  server = undefined
})

const digestOf = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`

/** A registry in memory: `repository reference` → manifest, and `repository digest` of blobs. */
async function openRegistry(manifests: Map<string, string>, blobs: Set<string>): Promise<string> {
  server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://registry')
    const [, repository = '', kind = '', reference = ''] =
      /^\/v2\/(.*)\/(tags|manifests|blobs)\/(.*)$/.exec(url.pathname) ?? []
    const end = (status: number, text = '', headers = {}) => response.writeHead(status, headers).end(text)
    const tags = [...manifests.keys()]
      .filter((key) => key.startsWith(`${repository} `) && !key.includes('sha256:'))
      .map((key) => key.split(' ')[1])
    if (kind === 'tags') return tags.length > 0 ? end(200, JSON.stringify({ tags })) : end(404)
    if (kind === 'blobs') {
      const mount = url.searchParams.get('mount') ?? ''
      if (!blobs.has(`${url.searchParams.get('from') ?? ''} ${mount}`)) return end(202)
      blobs.add(`${repository} ${mount}`)
      return end(201)
    }
    if (request.method === 'GET') {
      const text = manifests.get(`${repository} ${reference}`)
      const headers = { 'content-type': 'application/json', 'docker-content-digest': digestOf(text ?? '') }
      return text === undefined ? end(404) : end(200, text, headers)
    }
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      for (const name of [reference, digestOf(body)]) manifests.set(`${repository} ${name}`, body)
      end(201)
    })
  })
  await new Promise<void>((done) => server?.listen(0, '127.0.0.1', done))
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

const put = (manifests: Map<string, string>, repository: string, tag: string, content: object): string => {
  const text = JSON.stringify(content)
  for (const name of [tag, digestOf(text)]) manifests.set(`${repository} ${name}`, text)
  return digestOf(text)
}

it('copies what tags named when the snapshot was taken, with what an index contains', async () => {
  const manifests = new Map<string, string>()
  const blobs = new Set(['ns/cache config', 'ns/cache layer'])
  const host = await openRegistry(manifests, blobs)
  const image = put(manifests, 'ns/cache', 'image', {
    config: { digest: 'config' },
    layers: [{ digest: 'layer' }],
  })
  const index = put(manifests, 'ns/cache', 'index', { manifests: [{ digest: image }] })
  const snapshot = await takeSnapshot(host, ['ns/cache', 'ns/missing'])

  put(manifests, 'ns/cache', 'image', { layers: [], changed: true })
  put(manifests, 'ns/cache', 'new', { layers: [] })
  await restoreSnapshot(host, snapshot, (repository) => repository.replace('ns', 'ns-2'))

  const copied = [...manifests.keys()].filter((key) => key.startsWith('ns-2/'))
  expect(copied.sort()).toEqual(['image', 'index', image, index].map((name) => `ns-2/cache ${name}`).sort())
  expect(manifests.get('ns-2/cache image')).not.toContain('changed')
  expect([...blobs]).toContain('ns-2/cache layer')
})

it('fails if a blob cannot be mounted, and names it', async () => {
  const manifests = new Map<string, string>()
  const host = await openRegistry(manifests, new Set())
  put(manifests, 'ns/cache', 'image', { layers: [{ digest: 'layer' }] })
  const snapshot = await takeSnapshot(host, ['ns/cache'])
  await expect(restoreSnapshot(host, snapshot, (repository) => `${repository}-2`)).rejects.toThrow(
    'layer could not be mounted from ns/cache (HTTP 202).',
  )
})
