import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

/**
 * Content of GitHub's cache: an entry cannot be changed, or created again with the same key and
 * version.
 */
export type CacheEntry = { key: string; version: string; bytes: Buffer; finished: boolean }

export type CacheService = {
  /** Variables that the runner sets for a step that may use the cache */
  environment: NodeJS.ProcessEnv
  /** All requests: `CreateCacheEntry`, `PUT block`, … */
  seen: string[]
  /** In the order of their creation */
  entries: CacheEntry[]
  /** How it misbehaves */
  trouble: 'none' | 'error' | 'garbage' | 'no storage'
  close: () => Promise<void>
}

const service = '/twirp/github.actions.results.api.v1.CacheService/'

/**
 * Starts GitHub's cache service, version 2: a Twirp service that returns signed URLs, and the
 * storage behind them. The storage implements the part of Azure's Blob service that the library
 * uses (Put Blob, Put Block, Put Block List, Get Blob).
 */
export async function openCacheService(trouble: CacheService['trouble'] = 'none'): Promise<CacheService> {
  const token = randomBytes(16).toString('hex')
  const signature = randomBytes(16).toString('hex')
  const blocks = new Map<string, Buffer>()
  const state: Pick<CacheService, 'seen' | 'entries' | 'trouble'> = { seen: [], entries: [], trouble }
  const addressOf = (entry: CacheEntry) =>
    `http://${host}/storage/cache/${state.entries.indexOf(entry)}?sig=${signature}`

  const calls: Record<string, (request: Record<string, unknown>) => object> = {
    CreateCacheEntry: ({ key, version }) => {
      if (state.entries.some((entry) => entry.key === key && entry.version === version))
        return { ok: false, message: 'cache entry with the same key, version and scope already exists' }
      const entry = { key: String(key), version: String(version), bytes: Buffer.alloc(0), finished: false }
      state.entries.push(entry)
      return { ok: true, signed_upload_url: addressOf(entry) }
    },
    FinalizeCacheEntryUpload: ({ key, version, size_bytes: size }) => {
      const entry = state.entries.find((each) => each.key === key && each.version === version)
      if (entry?.bytes.length !== Number(size)) return { ok: false }
      entry.finished = true
      return { ok: true, entry_id: String(state.entries.indexOf(entry) + 1) }
    },
    GetCacheEntryDownloadURL: ({ key, version, restore_keys: prefixes = [] }) => {
      const found = state.entries.filter((entry) => entry.finished && entry.version === version)
      const newest = (prefix: unknown) => found.findLast((entry) => entry.key.startsWith(String(prefix)))
      const entry = [key, ...(prefixes as unknown[])].map(newest).find((each) => each !== undefined)
      return entry === undefined
        ? { ok: false }
        : { ok: true, signed_download_url: addressOf(entry), matched_key: entry.key }
    },
  }

  const storage = (method: string, url: URL, incoming: IncomingMessage, body: Buffer, to: ServerResponse) => {
    const entry = state.entries[Number(url.pathname.split('/').at(-1))]
    const headers = { 'x-ms-version': '2025-11-05', 'x-ms-request-id': '1', etag: '"1"' }
    if (state.trouble === 'no storage') return to.writeHead(403, headers).end()
    if (entry === undefined || url.searchParams.get('sig') !== signature)
      return to.writeHead(403, headers).end()
    if (method === 'PUT') {
      const part = url.searchParams.get('comp')
      if (part === 'block') blocks.set(url.searchParams.get('blockid') ?? '', body)
      else if (part === 'blocklist')
        entry.bytes = Buffer.concat(
          [...body.toString().matchAll(/<Latest>([^<]*)<\/Latest>/g)].map(
            ([, id]) => blocks.get(id ?? '') ?? Buffer.alloc(0),
          ),
        )
      else entry.bytes = body
      return to.writeHead(201, { ...headers, 'last-modified': new Date().toUTCString() }).end()
    }
    const own = {
      ...headers,
      'content-type': 'application/octet-stream',
      'x-ms-blob-type': 'BlockBlob',
      'accept-ranges': 'bytes',
      'last-modified': new Date().toUTCString(),
    }
    const asked = String(incoming.headers['x-ms-range'] ?? incoming.headers.range ?? '')
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(asked) ?? []
    if (method === 'HEAD' || first === undefined)
      return to
        .writeHead(200, { ...own, 'content-length': entry.bytes.length })
        .end(method === 'HEAD' ? undefined : entry.bytes)
    const end = Math.min(last ? Number(last) : Infinity, entry.bytes.length - 1)
    const range = `bytes ${first}-${end}/${entry.bytes.length}`
    const bytes = entry.bytes.subarray(Number(first), end + 1)
    return to.writeHead(206, { ...own, 'content-range': range, 'content-length': bytes.length }).end(bytes)
  }

  const answer = (incoming: IncomingMessage, body: Buffer, to: ServerResponse) => {
    const { method = '' } = incoming
    const url = new URL(incoming.url ?? '', `http://${host}`)
    const call = url.pathname.startsWith(service) ? url.pathname.slice(service.length) : undefined
    state.seen.push(call ?? [method, url.searchParams.get('comp')].filter(Boolean).join(' '))
    if (state.trouble === 'error') return to.writeHead(500).end('{"code":"internal","msg":"out of order"}')
    if (state.trouble === 'garbage') return to.writeHead(200).end('<html>\u0000')
    if (call === undefined) return storage(method, url, incoming, body, to)
    if (incoming.headers.authorization !== `Bearer ${token}`)
      return to.writeHead(401).end('{"code":"unauthenticated","msg":"invalid token"}')
    const answered = calls[call]?.(JSON.parse(body.toString()) as Record<string, unknown>) ?? { ok: false }
    return to.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answered))
  }

  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      answer(incoming, Buffer.concat(chunks), outgoing)
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the cache service has no port')
  const host = `127.0.0.1:${address.port}`
  return Object.assign(state, {
    environment: {
      ACTIONS_CACHE_SERVICE_V2: 'true',
      ACTIONS_RESULTS_URL: `http://${host}/`,
      ACTIONS_RUNTIME_TOKEN: token,
      GITHUB_SERVER_URL: 'https://github.com',
    },
    close: () =>
      new Promise<void>((done) => {
        server.close(() => {
          done()
        })
        server.closeAllConnections()
      }),
  })
}
