import { parseImageConfig } from '../../../src/registry/content/image-config.ts'
import { mediaTypes } from '../../../src/registry/content/media-types.ts'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { ServerResponse } from 'node:http'
import { UserError } from '../../../src/errors.ts'
import { getArtifact } from '../../../src/registry/artifact.ts'
import type { RegistryClient } from '../../../src/registry/client.ts'
import { copyManifest } from '../../../src/registry/copy.ts'
import type { CredentialLookup } from '../../../src/registry/auth/credentials.ts'
import { digestOf } from '../../../src/registry/content/digest.ts'
import { parseManifest } from '../../../src/registry/content/manifest.ts'
import { getPlatformImage } from '../../../src/registry/platform-image.ts'
import type { Repository } from '../../../src/registry/content/reference.ts'
import { quickRetry } from '../../support/retry.ts'
import {
  at,
  type Handler,
  type Seen,
  sendJson,
  sentence,
  type TestServer,
  useOpened,
} from '../../support/web-server.ts'

const opened = useOpened()
const { server } = opened
/** With retries, though no failure here is transient. */
const client = (credentials: CredentialLookup) =>
  opened.client(credentials, undefined, { withRetries: quickRetry().run })

const password = 'canary-password'
const withPassword: CredentialLookup = () => Promise.resolve({ kind: 'password', username: 'me', password })

const bytesOf = (content: unknown) => Buffer.from(JSON.stringify(content))
const config = { mediaType: mediaTypes.ociConfig, digest: digestOf(Buffer.from('{}')), size: 2 }
const layer = { mediaType: mediaTypes.ociLayerGzip, digest: digestOf(Buffer.from('layer')), size: 5 }
const manifestOf = (layers: unknown[], more: object = {}) =>
  bytesOf({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers, ...more })
const indexOf = (manifests: unknown[]) =>
  bytesOf({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests })
const entryOf = (mediaType: string, bytes: Buffer, more: object = {}) => ({
  ...{ mediaType, digest: digestOf(bytes), size: bytes.length },
  ...more,
})

function send(response: ServerResponse, bytes: Buffer | string, type: string = mediaTypes.ociManifest) {
  response.writeHead(200, { 'content-type': type }).end(bytes)
}

/** Sends until the client closes the connection. */
function sendForEver(response: ServerResponse, type: string = mediaTypes.ociManifest) {
  const piece = Buffer.alloc(65_536, ' ')
  response.writeHead(200, { 'content-type': type, 'content-length': 100_000_000 })
  const next = () => {
    if (!response.destroyed) response.write(piece, next)
  }
  next()
}

/** Answers for manifests by their digest; `v1` is the last one. */
function serveManifests(...manifests: Buffer[]): Handler {
  const known = new Map<string, Buffer>(manifests.map((each) => [digestOf(each), each]))
  return ({ path }, response) => {
    const reference = path.split('/').at(-1) ?? ''
    const found = reference === 'v1' ? manifests.at(-1) : known.get(reference)
    if (!found) return void response.writeHead(404).end()
    const isIndex = found.includes('"manifests"')
    send(response, found, isIndex ? mediaTypes.ociIndex : mediaTypes.ociManifest)
  }
}

/** Nested indexes, the outermost last. */
function nested(depth: number): Buffer[] {
  const all = [manifestOf([])]
  for (let level = 0; level < depth; level += 1)
    all.push(
      indexOf([
        entryOf(level === 0 ? mediaTypes.ociManifest : mediaTypes.ociIndex, all.at(-1) ?? Buffer.alloc(0)),
      ]),
    )
  return all
}

/** An index of different, long images. */
function wide(count: number, padding: number): Buffer[] {
  const images = Array.from({ length: count }, (_, number) =>
    manifestOf([], { annotations: { number: String(number).padEnd(padding) } }),
  )
  return [...images, indexOf(images.map((each) => entryOf(mediaTypes.ociManifest, each)))]
}

type Work = (registry: RegistryClient, repository: Repository) => Promise<unknown>

const readManifest: Work = (registry, repository) => registry.getManifest(repository, 'v1')
const readImage: Work = (registry, repository) => getPlatformImage(registry, repository, 'v1', 'linux/amd64')
const readBlob: Work = (registry, repository) => registry.getBlob(repository, layer.digest, 1000)
const readTags: Work = (registry, repository) => registry.listTags(repository)
const readArtifact: Work = (registry, repository) =>
  getArtifact(registry, repository, 'v1', { type: mediaTypes.ociLayerGzip, limit: 1000 })
const push: Work = (registry, repository) => registry.putBlob(repository, Buffer.from('bytes'))
const copyAway: Work = async (registry, repository) => {
  const top = await registry.getManifest(repository, 'v1')
  const to = { ...repository, path: 'aibrix/y' }
  return copyManifest(registry, { from: repository, to, digest: top?.digest ?? '', tag: 'v1' })
}

/** A server on this machine that a hostile registry tries to make the client send something to. */
type Cast = { stranger: TestServer }
/** @param most the most requests that are acceptable */
type Case = [name: string, work: Work, handler: (cast: Cast) => Handler, message: RegExp, most: number]

const challenge =
  (realm: string): Handler =>
  (_, response) => {
    sendJson(response, 401, {}, { 'www-authenticate': `Bearer realm="${realm}",service="x"` })
  }
const redirect =
  (location: (cast: Cast) => string, status = 307) =>
  (cast: Cast): Handler =>
  (_, response) => {
    response.writeHead(status, { location: location(cast) }).end()
  }
const tags =
  (link: (cast: Cast, seen: Seen, count: number) => string) =>
  (cast: Cast): Handler => {
    let count = 0
    return (request, response) => {
      count += 1
      const page = Array.from({ length: 1000 }, (_, number) => `v${count}.${number}`)
      sendJson(response, 200, { tags: page }, { link: link(cast, request, count) })
    }
  }
const upload =
  (location: (cast: Cast) => string) =>
  (cast: Cast): Handler =>
  ({ method }, response) => {
    if (method === 'HEAD') response.writeHead(404).end()
    else response.writeHead(202, { location: location(cast) }).end()
  }

const cases: Case[] = [
  [
    'a manifest of 100 MB',
    readManifest,
    () => (_, response) => {
      sendForEver(response)
    },
    /more than 4194304 bytes/,
    1,
  ],
  [
    'a manifest of 10 000 layers',
    readManifest,
    () => serveManifests(manifestOf(Array.from({ length: 10_000 }, () => layer))),
    /not valid at layers: more than 1000 of them\.$/,
    1,
  ],
  [
    'an index of 10 000 manifests',
    readManifest,
    () =>
      serveManifests(
        indexOf(Array.from({ length: 10_000 }, () => entryOf(mediaTypes.ociManifest, manifestOf([])))),
      ),
    /not valid at manifests: more than 1000 of them\.$/,
    1,
  ],
  [
    'a layer of 8 exabytes',
    readManifest,
    () => serveManifests(manifestOf([{ ...layer, size: Number.MAX_SAFE_INTEGER }])),
    /not valid at layers\.0\.size: more bytes than any real blob has\.$/,
    1,
  ],
  [
    'a layer of a negative size',
    readManifest,
    () => serveManifests(manifestOf([{ ...layer, size: -1 }])),
    /layers\.0\.size/,
    1,
  ],
  [
    'a layer of half a byte',
    readManifest,
    () => serveManifests(manifestOf([{ ...layer, size: 0.5 }])),
    /layers\.0\.size/,
    1,
  ],
  [
    'a layer whose size is not a number',
    readManifest,
    () => serveManifests(manifestOf([{ ...layer, size: '5' }])),
    /layers\.0\.size/,
    1,
  ],
  [
    'a layer with a path for a digest',
    readManifest,
    () => serveManifests(manifestOf([{ ...layer, digest: '../../x' }])),
    /layers\.0\.digest/,
    1,
  ],
  [
    'lists nested a million deep',
    readManifest,
    () => (_, response) => {
      send(response, '['.repeat(1_000_000) + ']'.repeat(1_000_000))
    },
    /the manifest of .* is not/,
    1,
  ],
  [
    'annotations that are nested objects',
    readManifest,
    () => (_, response) => {
      send(response, `{"schemaVersion":2,"annotations":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`)
    },
    /the manifest of .* is not/,
    1,
  ],
  [
    'a manifest that is an image and an index',
    readManifest,
    () => serveManifests(manifestOf([], { manifests: [] })),
    /is served as|not valid at manifests/,
    1,
  ],
  [
    'an image served as an index',
    readManifest,
    () => (_, response) => {
      send(response, manifestOf([]), mediaTypes.ociIndex)
    },
    /is served as .* but says/,
    1,
  ],
  [
    'a web page',
    readManifest,
    () => (_, response) => {
      send(response, '<html>', 'text/html')
    },
    /answered with a web page/,
    1,
  ],
  ['indexes in indexes', copyAway, () => serveManifests(...nested(5)), /nests indexes deeper than 3/, 6],
  [
    'an index of 300 images',
    copyAway,
    () => serveManifests(...wide(300, 1)),
    /holds more than 200 manifests/,
    204,
  ],
  [
    'an index of 36 MB of images',
    copyAway,
    () => serveManifests(...wide(12, 3_000_000)),
    /holds more than 33554432 bytes of manifests/,
    14,
  ],
  [
    'a configuration of 100 MB',
    readImage,
    () =>
      ({ path }, response) => {
        if (path.includes('/blobs/')) sendForEver(response)
        else send(response, manifestOf([]))
      },
    /more than 4194304 bytes/,
    2,
  ],
  [
    'a blob of 100 MB',
    readBlob,
    () => (_, response) => {
      sendForEver(response)
    },
    /more than 1000 bytes/,
    1,
  ],
  [
    'a document of 100 MB',
    readArtifact,
    () =>
      ({ path }, response) => {
        if (path.includes('/blobs/')) sendForEver(response)
        else send(response, manifestOf([layer]))
      },
    /more than 1000 bytes/,
    2,
  ],
  [
    'a header of 1 MB',
    readManifest,
    () => (_, response) => {
      response.socket?.end(`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(1_000_000)}\r\n\r\n`)
    },
    /more headers than any real registry sends/,
    1,
  ],
  [
    'a wait of thirty years',
    readManifest,
    () => (_, response) => {
      response.writeHead(429, { 'retry-after': '946080000' }).end()
    },
    /429 too many requests; .* 946080000 s, as it asks\.$/,
    1,
  ],
  [
    'a list of tags of 100 MB',
    readTags,
    () => (_, response) => {
      sendForEver(response, 'application/json')
    },
    /more than 8388608 bytes/,
    1,
  ],
  [
    'tags that never end',
    readTags,
    tags((_, { path }, count) => `<${path.split('?')[0] ?? ''}?last=${count}>; rel="next"`),
    /more than 50000 tags, .* more than any real registry has/,
    51,
  ],
  [
    'tags that link back to an earlier page',
    readTags,
    tags((_, { path }) => `<${path}>; rel="next"`),
    /links back to an earlier page/,
    2,
  ],
  [
    'a link to the tags of another host',
    readTags,
    tags(({ stranger }) => `<http://${stranger.host}/v2/>; rel="next"`),
    /which is not followed/,
    1,
  ],
  [
    'a link to another host without a scheme',
    readTags,
    tags(({ stranger }) => `<//${stranger.host}/v2/>; rel="next"`),
    /which is not followed/,
    1,
  ],
  ['a link to a file', readTags, tags(() => '<file:///etc/passwd>; rel="next"'), /which is not followed/, 1],
  [
    'tags that are not names',
    readTags,
    () => (_, response) => {
      sendJson(response, 200, { tags: [1, {}] })
    },
    /not valid at tags\.0/,
    1,
  ],
  ['redirects without end', readManifest, redirect(() => '/v2/again'), /more than 5 times/, 6],
  [
    'a redirect to http on another machine',
    readManifest,
    redirect(() => 'http://192.0.2.1/x'),
    /not https, which is not followed/,
    1,
  ],
  [
    'a redirect to a file',
    readManifest,
    redirect(() => 'file:///etc/passwd'),
    /not https, which is not followed/,
    1,
  ],
  [
    'a redirect of a push',
    push,
    () =>
      ({ method }, response) => {
        if (method === 'HEAD') response.writeHead(404).end()
        else response.writeHead(308, { location: '/elsewhere' }).end()
      },
    /only reads follow redirects/,
    2,
  ],
  [
    'an upload to http on another machine',
    push,
    upload(() => 'http://192.0.2.1/x'),
    /not https, which is not followed/,
    2,
  ],
  [
    'an upload to a socket',
    push,
    upload(() => 'unix:/var/run/docker.sock'),
    /not https, which is not followed/,
    2,
  ],
  [
    'an upload to nowhere',
    push,
    () =>
      ({ method }, response) => {
        response.writeHead(method === 'HEAD' ? 404 : 202).end()
      },
    /returned no address/,
    2,
  ],
  ...[
    'http://192.0.2.1/token',
    'ftp://127.0.0.1/',
    'file:///etc/passwd',
    'x',
    'https://me@192.0.2.1/',
    'https://:pw@192.0.2.1/',
    'javascript:1',
  ].map((realm): Case => [
    `a token service at ${realm}`,
    readManifest,
    () => challenge(realm),
    /names a token service that is not https/,
    1,
  ]),
]

describe('a hostile registry', () => {
  it.each(cases)(
    'gets a clear error for %s',
    async (_, work, handler, message, most) => {
      const stranger = await server((_, response) => void response.writeHead(200).end('{}'))
      const registry = await server(handler({ stranger }))
      const said = await sentence(work(client(withPassword), at(registry)))
      expect(said).toMatch(message)
      expect(said).toMatch(/^[^\n]{1,600}[.?]$/)
      expect(said).not.toContain(password)
      expect(registry.seen.length).toBeLessThanOrEqual(most)
      expect(stranger.seen).toEqual([])
    },
    30_000,
  )
})

describe('a hostile token service', () => {
  it.each<[string, (response: ServerResponse, stranger: TestServer) => void, RegExp]>([
    [
      'an answer of 100 MB',
      (response) => {
        sendForEver(response, 'application/json')
      },
      /more than 262144 bytes/,
    ],
    [
      'a redirect',
      (response, { host }) => {
        response.writeHead(307, { location: `http://${host}/` }).end()
      },
      /redirects \(307\) to another host, 127\.0\.0\.1:\d+, which gets no credentials/,
    ],
    [
      'a token with a line break',
      (response) => {
        sendJson(response, 200, { token: 'a\r\nx-other: 1' })
      },
      /holds no token/,
    ],
    [
      'no token',
      (response) => {
        sendJson(response, 200, {})
      },
      /holds no token/,
    ],
    [
      'a token that is a list',
      (response) => {
        sendJson(response, 200, { token: ['a'] })
      },
      /not valid at token/,
    ],
    [
      'the password in its answer',
      (response) => {
        sendJson(response, 403, { details: `no, ${password}` })
      },
      /\(no, \*\*\*\)/,
    ],
    [
      'a lifetime that is not a number',
      (response) => {
        sendJson(response, 200, { token: 'a', expires_in: 'x' })
      },
      /not valid at expires_in/,
    ],
  ])('gets a clear error for %s', async (_, answer, message) => {
    const stranger = await server((_, response) => void response.writeHead(200).end('{}'))
    const tokens = await server((_, response) => {
      answer(response, stranger)
    })
    const registry = await server(challenge(`http://${tokens.host}/token`))
    const said = await sentence(client(withPassword).getManifest(at(registry), 'v1'))
    expect(said).toMatch(message)
    expect(said).not.toContain(password)
    expect(tokens.seen).toHaveLength(1)
    expect(stranger.seen).toEqual([])
    expect(registry.seen.every(({ authorization }) => authorization === undefined)).toBe(true)
  })

  it.each([-1, 0, 1e308, 1e-300])(
    'is called at most once per request for a token with a lifetime of %d s',
    async (expires_in) => {
      const tokens = await server((_, response) => {
        sendJson(response, 200, { token: 'a', expires_in })
      })
      const registry = await server((request, response) => {
        if (request.authorization === 'Bearer a') send(response, manifestOf([]))
        else challenge(`http://${tokens.host}/token`)(request, response)
      })
      const one = client(withPassword)
      await one.getManifest(at(registry), 'v1')
      await one.getManifest(at(registry), 'v1')
      expect(tokens.seen.length).toBeLessThanOrEqual(2)
    },
  )

  it('is called once if the registry refuses its token', async () => {
    const tokens = await server((_, response) => {
      sendJson(response, 200, { token: 'a' })
    })
    const registry = await server(challenge(`http://${tokens.host}/token`))
    expect(await sentence(client(withPassword).getManifest(at(registry), 'v1'))).toContain('401')
    expect(tokens.seen).toHaveLength(1)
    expect(registry.seen).toHaveLength(2)
  })
})

describe('credentials', () => {
  const elsewhere = (cast: Cast): [string, Work, Handler][] => [
    ['a redirect', readManifest, redirect(({ stranger }) => `http://${stranger.host}/x`)(cast)],
    ['a redirect with a user', readBlob, redirect(({ stranger }) => `http://me:pw@${stranger.host}/x`)(cast)],
    [
      'the address of an upload',
      push,
      upload(({ stranger }) => `http://me:pw@${stranger.host}/upload`)(cast),
    ],
  ]
  it.each([0, 1, 2])('are sent to no other host (%d)', async (number) => {
    // It asks for credentials, too.
    const stranger = await server((_, response) => {
      sendJson(response, 401, {}, { 'www-authenticate': 'Basic realm="x"' })
    })
    const [, work, handler] = elsewhere({ stranger })[number] ?? []
    if (!work || !handler) throw new Error('there are three')
    const registry = await server((request, response) => {
      if (request.authorization === undefined)
        sendJson(response, 401, {}, { 'www-authenticate': 'Basic realm="x"' })
      else handler(request, response)
    })
    expect(await sentence(work(client(withPassword), at(registry)))).toContain('401')
    expect(registry.seen.some(({ authorization }) => authorization?.startsWith('Basic '))).toBe(true)
    expect(stranger.seen).toHaveLength(1)
    expect(stranger.seen[0]?.authorization).toBeUndefined()
    expect(stranger.seen[0]?.body).not.toContain(password)
  })
})

/** JSON that is valid in parts, so that it passes more than the first check. */
const { json } = fc.letrec((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('leaf'),
    fc.array(tie('json'), { maxLength: 4 }),
    tie('object'),
  ),
  leaf: fc.oneof(
    fc.constantFrom<unknown>(
      null,
      0,
      2,
      -1,
      1e308,
      '',
      'linux',
      'amd64',
      layer.digest,
      'sha256:x',
      ...Object.values(mediaTypes),
    ),
    fc.jsonValue({ maxDepth: 1 }),
    fc.string({ unit: 'binary' }),
  ),
  object: fc.dictionary(
    fc.oneof(
      fc.constantFrom(
        'schemaVersion',
        'mediaType',
        'config',
        'layers',
        'manifests',
        'digest',
        'size',
        'annotations',
        'platform',
        'os',
        'architecture',
        'subject',
        'rootfs',
        'diff_ids',
        'token',
        'expires_in',
        '__proto__',
        'constructor',
        'toString',
      ),
      fc.string(),
    ),
    tie('json'),
    { maxKeys: 8 },
  ),
}))
const manifestLike = fc.oneof(
  json,
  fc.record(
    {
      schemaVersion: fc.constant(2),
      mediaType: fc.constantFrom(...Object.values(mediaTypes)),
      config: fc.oneof(fc.constant(config), json),
      layers: json,
      annotations: json,
    },
    { requiredKeys: [] },
  ),
  fc.record(
    {
      schemaVersion: fc.constant(2),
      mediaType: fc.constantFrom(mediaTypes.ociIndex, mediaTypes.dockerIndex),
      manifests: fc.array(fc.oneof(fc.constant(layer), json)),
    },
    { requiredKeys: [] },
  ),
)

/** @throws any error that is not a sentence for the user */
function readOrExplain(read: () => unknown): void {
  try {
    read()
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    expect(error.message).toMatch(/^[^\n]{1,600}\.$/)
  }
}

describe('any JSON', () => {
  it('is a manifest or an error of one sentence', () => {
    fc.assert(
      fc.property(
        manifestLike,
        fc.constantFrom(...Object.values(mediaTypes), '', 'text/plain'),
        (content, type) => {
          readOrExplain(() => parseManifest(bytesOf(content), type, 'x'))
        },
      ),
      { numRuns: 2000 },
    )
  }, 60_000)

  it('is a configuration or an error of one sentence', () => {
    fc.assert(
      fc.property(json, (content) => {
        readOrExplain(() => parseImageConfig(bytesOf(content), 'x'))
      }),
      { numRuns: 1000 },
    )
  }, 60_000)

  it('is a token, a list of tags or an error of one sentence, and changes no prototype', async () => {
    let content: unknown
    const tokens = await server((_, response) => {
      sendJson(response, 200, content)
    })
    const registry = await server((request, response) => {
      if (request.authorization === undefined) challenge(`http://${tokens.host}/token`)(request, response)
      else sendJson(response, 200, content)
    })
    await fc.assert(
      fc.asyncProperty(json, async (any) => {
        content = any ?? null
        const found = await client(withPassword)
          .listTags(at(registry))
          .catch((error: unknown) => error)
        if (!Array.isArray(found))
          readOrExplain(() => {
            throw found
          })
      }),
      { numRuns: 200 },
    )
    expect(Object.keys(Object.prototype)).toEqual([])
  }, 60_000)
})
