import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { bodyOf } from './body.ts'
import { type Answer, give, json } from './faults/answers.ts'
import { answersByCall, type Asked } from './hosts-in-memory.ts'
import { listen } from './listen.ts'

type Stored = { mediaType: string; bytes: Buffer }

/** Content of a repository. */
type Repository = { blobs: Map<string, Buffer>; manifests: Map<string, Stored>; tags: Map<string, string> }

/** Content of a registry: path of a repository → its content. */
export type Content = ReadonlyMap<string, Repository>

export type RegistryInMemory = {
  host: string
  /** Returns a copy of the current content */
  content: () => Content
  /** Replaces the content */
  become: (content: Content) => void
  /** Returns the tags of a repository: tag → digest */
  tagsOf: (path: string) => Map<string, string>
  /** Returns a manifest of a repository as JSON, by tag or digest */
  manifest: (path: string, reference: string) => unknown
  /** Returns a blob of a repository as JSON */
  blob: (path: string, digest: string) => unknown
  /** Returns blobs and manifests that one of its manifests points to, but that it lacks */
  dangling: () => string[]
  close: () => Promise<void>
}

const digestOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const newRepository = (): Repository => ({ blobs: new Map(), manifests: new Map(), tags: new Map() })

function copyOf(content: Content): Map<string, Repository> {
  return new Map(
    [...content].map(([path, { blobs, manifests, tags }]) => [
      path,
      { blobs: new Map(blobs), manifests: new Map(manifests), tags: new Map(tags) },
    ]),
  )
}

/** Returns a text that two contents share only if they have the same tags, manifests and blobs. */
export function fingerprintOf(content: Content): string {
  const sorted = (names: Iterable<string>): string[] => [...names].sort()
  const all = [...content].map(([path, { blobs, manifests, tags }]) => [
    path,
    sorted([...tags].map((one) => one.join(' '))),
    sorted(manifests.keys()),
    sorted(blobs.keys()),
  ])
  return JSON.stringify(all.sort(([one = ''], [other = '']) => (one < other ? -1 : 1)))
}

/**
 * Returns a copy of the content in which one repository has only some tags and what they lead to.
 *
 * @param tags the tags to keep
 */
export function withTags(content: Content, path: string, tags: RegExp): Content {
  const all = content.get(path) ?? newRepository()
  const kept = newRepository()
  const take = (digest: string): void => {
    const blob = all.blobs.get(digest)
    if (blob) kept.blobs.set(digest, blob)
    const manifest = all.manifests.get(digest)
    if (!manifest || kept.manifests.has(digest)) return
    kept.manifests.set(digest, manifest)
    for (const part of partsOf(manifest.bytes)) take(part)
  }
  for (const [tag, digest] of all.tags) {
    if (!tags.test(tag)) continue
    kept.tags.set(tag, digest)
    take(digest)
  }
  return new Map([...content, [path, kept]])
}

type Parts = {
  config?: { digest: string }
  layers?: { digest: string }[]
  manifests?: { digest: string }[]
}

/** Returns what a manifest points to. @throws SyntaxError if it is not JSON */
function partsOf(bytes: Buffer): string[] {
  const { config, layers = [], manifests = [] } = JSON.parse(bytes.toString()) as Parts
  return [...(config ? [config] : []), ...layers, ...manifests].map(({ digest }) => digest)
}

/**
 * Returns what a manifest points to and its repository lacks. @throws SyntaxError if it is not JSON
 */
function missingOf({ blobs, manifests }: Repository, bytes: Buffer): string[] {
  return partsOf(bytes).filter((digest) => !blobs.has(digest) && !manifests.has(digest))
}

/** A request for one repository, in the form of the distribution specification. */
type Request = { method: string; path: string; rest: string; query: URLSearchParams; body: Buffer }

const empty = Buffer.alloc(0)

const refused = (status: number, code: string): Answer =>
  json(status, { errors: [{ code, message: code.toLowerCase().replaceAll('_', ' ') }] })

/**
 * Starts a registry on this machine that stores everything in memory. Like distribution, it refuses
 * content whose digest is not the announced one, and manifests that point to what the repository
 * lacks.
 *
 * @param options.referrers whether it has the referrers API
 * @param options.deletion whether it deletes manifests, with their tags; `disabled` is a 405
 */
export async function openRegistryInMemory(
  begin: Content = new Map(),
  options: Partial<Abilities> = {},
): Promise<RegistryInMemory> {
  const repositories = copyOf(begin)
  const uploads = new Map<string, Buffer>()
  const abilities: Abilities = { referrers: false, deletion: 'allowed', ...options }
  const state = { repositories, uploads, ...abilities }
  const server = createServer((incoming, outgoing) => {
    handle(state, incoming, outgoing).catch(() => outgoing.destroy())
  })
  const { host, close } = await listen(server)
  const end = answersByCall(host, (asked) => respond(state, asked))
  const of = (path: string) => repositories.get(path) ?? newRepository()
  const manifest = (path: string, reference: string): Stored => {
    const { manifests, tags } = of(path)
    const found = manifests.get(tags.get(reference) ?? reference)
    if (!found) throw new Error(`${path} has no ${reference}`)
    return found
  }
  return {
    host,
    close: () => {
      end()
      return close()
    },
    content: () => copyOf(repositories),
    become: (content) => {
      repositories.clear()
      for (const [path, repository] of copyOf(content)) repositories.set(path, repository)
    },
    tagsOf: (path) => new Map(of(path).tags),
    manifest: (path, reference) => JSON.parse(manifest(path, reference).bytes.toString()) as unknown,
    blob: (path, digest) => JSON.parse((of(path).blobs.get(digest) ?? Buffer.alloc(0)).toString()) as unknown,
    dangling: () =>
      [...repositories.values()].flatMap((repository) =>
        [...repository.manifests.values()].flatMap(({ bytes }) => missingOf(repository, bytes)),
      ),
  }
}

type Abilities = { referrers: boolean; deletion: 'allowed' | 'disabled' }
type Server = Abilities & { repositories: Map<string, Repository>; uploads: Map<string, Buffer> }

async function handle(server: Server, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const { method = '', url = '', headers } = incoming
  give(outgoing, respond(server, { method, url, headers, body: await bodyOf(incoming) }))
}

/** Returns the response as it is sent: the one to a HEAD has a length and no body. */
function respond(server: Server, { method, url, headers, body }: Asked): Answer {
  const { pathname, searchParams: query } = new URL(url, 'http://registry')
  const [, path = '', rest = ''] =
    /^\/v2\/(.+?)\/((?:manifests|blobs|tags|referrers)\/.*)$/.exec(pathname) ?? []
  const request = { method, path, rest, query, body }
  const answer = path === '' ? json(200, {}) : answerTo(server, request, headers['content-type'] ?? '')
  const length = { 'content-length': String(answer.body.length) }
  return {
    ...answer,
    headers: { ...answer.headers, ...length },
    body: method === 'HEAD' ? empty : answer.body,
  }
}

function answerTo(server: Server, asked: Request, mediaType: string): Answer {
  const { repositories, uploads, referrers, deletion } = server
  const { method, path, rest } = asked
  if (rest.startsWith('blobs/uploads/')) return upload(repositories, uploads, asked)
  const repository = repositories.get(path)
  const [kind, reference = ''] = rest.split('/')
  if (kind === 'manifests' && method === 'PUT')
    return putManifest(repositories, path, reference, { mediaType, bytes: asked.body })
  if (method === 'DELETE' && deletion === 'disabled') return refused(405, 'UNSUPPORTED')
  if (!repository) return refused(404, 'NAME_UNKNOWN')
  if (method === 'DELETE') return deleteManifest(repository, reference)
  if (kind === 'tags') return listTags(repository, asked)
  if (kind === 'referrers') return referrers ? listReferrers(repository, reference) : refused(404, 'UNKNOWN')
  if (kind === 'blobs') {
    const bytes = repository.blobs.get(reference)
    if (!bytes) return refused(404, 'BLOB_UNKNOWN')
    return { status: 200, headers: described('application/octet-stream', reference), body: bytes }
  }
  const digest = repository.tags.get(reference) ?? reference
  const found = repository.manifests.get(digest)
  if (!found) return refused(404, 'MANIFEST_UNKNOWN')
  return { status: 200, headers: described(found.mediaType, digest), body: found.bytes }
}

const described = (mediaType: string, digest: string): Record<string, string> => ({
  'content-type': mediaType,
  'docker-content-digest': digest,
})

function listTags({ tags }: Repository, { path, query }: Request): Answer {
  const all = [...tags.keys()].sort().filter((tag) => tag > (query.get('last') ?? ''))
  const page = all.slice(0, Number(query.get('n') ?? all.length))
  const next = `</v2/${path}/tags/list?n=${page.length}&last=${page.at(-1) ?? ''}>; rel="next"`
  return json(200, { name: path, tags: page }, page.length < all.length ? { link: next } : {})
}

function listReferrers({ manifests }: Repository, subject: string): Answer {
  const all = [...manifests].flatMap(([digest, { mediaType, bytes }]) => {
    const content = JSON.parse(bytes.toString()) as { subject?: { digest: string }; artifactType?: string }
    const { artifactType } = content
    return content.subject?.digest === subject
      ? [{ mediaType, digest, size: bytes.length, artifactType }]
      : []
  })
  const type = 'application/vnd.oci.image.index.v1+json'
  return json(200, { schemaVersion: 2, mediaType: type, manifests: all }, { 'content-type': type })
}

function repositoryFor(repositories: Map<string, Repository>, path: string): Repository {
  const repository = repositories.get(path) ?? newRepository()
  repositories.set(path, repository)
  return repository
}

function putManifest(
  repositories: Map<string, Repository>,
  path: string,
  reference: string,
  stored: Stored,
): Answer {
  const digest = digestOf(stored.bytes)
  if (reference.startsWith('sha256:') && reference !== digest) return refused(400, 'DIGEST_INVALID')
  const repository = repositoryFor(repositories, path)
  try {
    if (missingOf(repository, stored.bytes).length > 0) return refused(400, 'MANIFEST_BLOB_UNKNOWN')
  } catch {
    return refused(400, 'MANIFEST_INVALID')
  }
  repository.manifests.set(digest, stored)
  if (!reference.startsWith('sha256:')) repository.tags.set(reference, digest)
  const location = `/v2/${path}/manifests/${digest}`
  return { status: 201, headers: { 'docker-content-digest': digest, location }, body: empty }
}

/** By digest only, as in distribution 2.8, which removes the tags of a digest, too. */
function deleteManifest({ manifests, tags }: Repository, reference: string): Answer {
  if (!reference.startsWith('sha256:')) return refused(400, 'DIGEST_INVALID')
  if (!manifests.delete(reference)) return refused(404, 'MANIFEST_UNKNOWN')
  for (const [tag, digest] of tags) if (digest === reference) tags.delete(tag)
  return { status: 202, headers: {}, body: empty }
}

function upload(
  repositories: Map<string, Repository>,
  uploads: Map<string, Buffer>,
  { method, path, rest, query, body }: Request,
): Answer {
  if (method === 'POST') {
    const [mounted, from] = [query.get('mount') ?? '', query.get('from') ?? '']
    const bytes = repositories.get(from)?.blobs.get(mounted)
    if (bytes) return keepBlob(repositories, path, mounted, bytes)
    const id = `upload-${uploads.size}`
    uploads.set(id, empty)
    return { status: 202, headers: { location: `/v2/${path}/blobs/uploads/${id}` }, body: empty }
  }
  const id = rest.replace('blobs/uploads/', '')
  const before = uploads.get(id)
  if (before === undefined) return refused(404, 'BLOB_UPLOAD_UNKNOWN')
  const bytes = Buffer.concat([before, body])
  const digest = query.get('digest') ?? ''
  if (digestOf(bytes) !== digest) return refused(400, 'DIGEST_INVALID')
  return keepBlob(repositories, path, digest, bytes)
}

function keepBlob(
  repositories: Map<string, Repository>,
  path: string,
  digest: string,
  bytes: Buffer,
): Answer {
  repositoryFor(repositories, path).blobs.set(digest, bytes)
  const location = `/v2/${path}/blobs/${digest}`
  return { status: 201, headers: { 'docker-content-digest': digest, location }, body: empty }
}
