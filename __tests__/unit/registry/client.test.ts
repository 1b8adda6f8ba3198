import { describe, expect, it } from '@jest/globals'
import type { ServerResponse } from 'node:http'
import type { Timeouts } from '../../../src/registry/http/watch.ts'
import type { CredentialLookup } from '../../../src/registry/auth/credentials.ts'
import { type Digest, digestOf } from '../../../src/registry/content/digest.ts'
import { mediaTypes } from '../../../src/registry/content/media-types.ts'
import { quickRetry } from '../../support/retry.ts'
import {
  anonymous,
  at,
  type Handler,
  sendJson,
  sentence,
  startServer,
  type TestServer,
  useOpened,
} from '../../support/web-server.ts'

const { opened, server, client } = useOpened()

const password = 'canary-password'
const withPassword: CredentialLookup = () => Promise.resolve({ kind: 'password', username: 'me', password })
const basic = `Basic ${Buffer.from(`me:${password}`).toString('base64')}`

const manifest = Buffer.from(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, digest: digestOf(Buffer.from('{}')), size: 2 },
    layers: [],
  }),
)
const manifestDigest = digestOf(manifest)

function sendManifest(response: ServerResponse, headers: Record<string, string> = {}) {
  response.writeHead(200, { 'content-type': mediaTypes.ociManifest, ...headers })
  response.end(manifest)
}

describe('authentication', () => {
  it('fetches one token from the service that the registry names, and sends the credentials only there', async () => {
    const tokens = await server((_, response) => {
      sendJson(response, 200, { token: 't1', expires_in: 300 })
    })
    const registry = await server(({ authorization }, response) => {
      if (authorization === 'Bearer t1') sendManifest(response)
      else {
        const challenge = `Bearer realm="http://${tokens.host}/token?x=1",service="the service, with comma",scope="repository:aibrix/x:pull"`
        sendJson(response, 401, {}, { 'www-authenticate': challenge })
      }
    })
    const registryClient = client(withPassword)
    await Promise.all([1, 2, 3].map(() => registryClient.getManifest(at(registry), 'v1')))
    await registryClient.getManifest(at(registry), 'v2')
    expect(tokens.seen).toHaveLength(1)
    expect(tokens.seen[0]?.authorization).toBe(basic)
    const query = new URL(tokens.seen[0]?.path ?? '', 'http://x').searchParams
    expect(Object.fromEntries(query)).toEqual({
      x: '1',
      service: 'the service, with comma',
      scope: 'repository:aibrix/x:pull',
    })
    expect(new Set(registry.seen.map(({ authorization }) => authorization))).toEqual(
      new Set([undefined, 'Bearer t1']),
    )
    expect(registry.seen).toHaveLength(3 * 2 + 1)
  })

  it('reads a repository that it will push to with the right to push, since Docker Hub calls a new one forbidden', async () => {
    const tokens = await server(({ path }, response) => {
      const pushes = new URL(path, 'http://x').searchParams.get('scope') === 'repository:aibrix/new:pull,push'
      sendJson(response, 200, { token: pushes ? 'may-push' : 'may-nothing' })
    })
    const registry = await server(({ authorization }, response) => {
      const challenge = `Bearer realm="http://${tokens.host}/token",scope="repository:aibrix/new:pull"`
      if (authorization === 'Bearer may-push') sendJson(response, 404, { errors: [{ code: 'NAME_UNKNOWN' }] })
      else sendJson(response, 401, {}, { 'www-authenticate': challenge })
    })
    const pushing = client(withPassword)
    pushing.pushesTo([at(registry, 'aibrix/new')])
    expect(await pushing.getManifest(at(registry, 'aibrix/new'), 'v1')).toBeUndefined()
    expect(await sentence(client(withPassword).getManifest(at(registry, 'aibrix/new'), 'v1'))).toContain(
      '401',
    )
  })

  it('reads it with the right to pull only without credentials, since some token services refuse more', async () => {
    const tokens = await server(({ path }, response) => {
      const pulls = new URL(path, 'http://x').searchParams.get('scope') === 'repository:aibrix/x:pull'
      if (pulls) sendJson(response, 200, { token: 'may-pull' })
      else sendJson(response, 403, { errors: [{ code: 'DENIED' }] })
    })
    const registry = await server(({ authorization }, response) => {
      const challenge = `Bearer realm="http://${tokens.host}/token",scope="repository:aibrix/x:pull"`
      if (authorization === 'Bearer may-pull') sendManifest(response)
      else sendJson(response, 401, {}, { 'www-authenticate': challenge })
    })
    const reading = client()
    reading.pushesTo([at(registry)])
    expect((await reading.getManifest(at(registry), 'v1'))?.digest).toBe(manifestDigest)
    const push = reading.putManifest(at(registry), 'v1', manifest, mediaTypes.ociManifest)
    expect(await sentence(push)).toContain('there are no credentials for it')
  })

  it('requests both scopes for a mount, and an anonymous token without credentials', async () => {
    const tokens = await server((_, response) => {
      sendJson(response, 200, { access_token: 't2' })
    })
    const registry = await server(({ authorization }, response) => {
      if (authorization === undefined) {
        sendJson(response, 401, {}, { 'www-authenticate': `Bearer realm="http://${tokens.host}/token"` })
      } else response.writeHead(201).end()
    })
    const digest = digestOf(Buffer.from('x'))
    const outcome = await client().mountBlob({
      from: at(registry, 'a/from'),
      to: at(registry, 'b/to'),
      digest,
      size: 1,
    })
    expect(outcome).toBe('mounted')
    expect(new URL(tokens.seen[0]?.path ?? '', 'http://x').searchParams.getAll('scope')).toEqual([
      'repository:b/to:pull,push',
      'repository:a/from:pull',
    ])
    expect(tokens.seen[0]?.authorization).toBeUndefined()
    expect(registry.seen.at(-1)?.path).toBe(`/v2/b/to/blobs/uploads/?mount=${digest}&from=a%2Ffrom`)
  })

  it('fetches another token when the first one is about to expire, and when the registry refuses it', async () => {
    let time = 0
    let valid = 't0'
    let count = 0
    const tokens = await server((_, response) => {
      valid = `t${++count}`
      sendJson(response, 200, { token: valid, expires_in: 100 })
    })
    const registry = await server(({ authorization }, response) => {
      if (authorization === `Bearer ${valid}`) sendManifest(response)
      else sendJson(response, 401, {}, { 'www-authenticate': `Bearer realm="http://${tokens.host}/"` })
    })
    const registryClient = client(withPassword, undefined, { now: () => time })
    await registryClient.getManifest(at(registry), 'v1')
    time = 89_000
    await registryClient.getManifest(at(registry), 'v1')
    expect(count).toBe(1)
    time = 91_000
    await registryClient.getManifest(at(registry), 'v1')
    expect(count).toBe(2)
    valid = 'revoked'
    await registryClient.getManifest(at(registry), 'v1')
    expect(count).toBe(3)
  })

  it('sends an identity token as a form', async () => {
    const tokens = await server((_, response) => {
      sendJson(response, 200, { access_token: 't3' })
    })
    const registry = await server(({ authorization }, response) => {
      if (authorization === 'Bearer t3') sendManifest(response)
      else
        sendJson(
          response,
          401,
          {},
          { 'www-authenticate': `Bearer realm="http://${tokens.host}/",service="s"` },
        )
    })
    await client(() => Promise.resolve({ kind: 'identity-token', token: 'idt' })).getManifest(
      at(registry),
      'v1',
    )
    expect(tokens.seen[0]).toMatchObject({ method: 'POST', authorization: undefined })
    expect(Object.fromEntries(new URLSearchParams(tokens.seen[0]?.body))).toMatchObject({
      grant_type: 'refresh_token',
      refresh_token: 'idt',
      service: 's',
      scope: 'repository:aibrix/x:pull',
    })
  })

  it('sends a registry token unchanged, to the registry only', async () => {
    const tokens = await server((_, response) => response.writeHead(500).end())
    const registry = await server(({ authorization }, response) => {
      if (authorization === 'Bearer rt') sendManifest(response)
      else sendJson(response, 401, {}, { 'www-authenticate': `Bearer realm="http://${tokens.host}/"` })
    })
    const own = client(() => Promise.resolve({ kind: 'registry-token', token: 'rt' }))
    expect(await own.getManifest(at(registry), 'v1')).toBeDefined()
    expect(tokens.seen).toEqual([])
    const other = client(() => Promise.resolve({ kind: 'registry-token', token: 'old' }))
    expect(await sentence(other.getManifest(at(registry), 'v1'))).toContain('401')
  })

  it('sends the password stored with an identity token to a registry that requires Basic', async () => {
    const registry = await server(({ authorization }, response) => {
      if (authorization === `Basic ${Buffer.from('u:p').toString('base64')}`) sendManifest(response)
      else sendJson(response, 401, {}, { 'www-authenticate': 'Basic realm="r"' })
    })
    const token = { kind: 'identity-token', token: 'idt' } as const
    const own = client(() => Promise.resolve({ ...token, basic: { username: 'u', password: 'p' } }))
    expect(await own.getManifest(at(registry), 'v1')).toBeDefined()
    expect(await sentence(client(() => Promise.resolve(token)).getManifest(at(registry), 'v1'))).toContain(
      "Docker's configuration has an identity token; log in with a user name and password.",
    )
  })

  it('sends user and password to a registry that requires Basic, after it asks for them', async () => {
    const registry = await server(({ authorization }, response) => {
      if (authorization === basic) sendManifest(response)
      else sendJson(response, 401, {}, { 'www-authenticate': 'Basic realm="r"' })
    })
    const registryClient = client(withPassword)
    await registryClient.getManifest(at(registry), 'v1')
    await registryClient.getManifest(at(registry), 'v1')
    expect(registry.seen.map(({ authorization }) => authorization)).toEqual([undefined, basic, basic])
  })

  it.each(['http://tokens.example/', 'ftp://127.0.0.1/', 'file:///etc/passwd', 'relative', 'https://u:p@x/'])(
    'sends nothing to the token service %s',
    async (realm) => {
      const registry = await server((_, response) => {
        sendJson(response, 401, {}, { 'www-authenticate': `Bearer realm="${realm}"` })
      })
      const message = await sentence(client(withPassword).getManifest(at(registry), 'v1'))
      expect(message).toContain('a token service that is not https')
    },
  )

  it('follows no redirect of a token service to another host', async () => {
    const stranger = await server((_, response) => {
      sendJson(response, 200, { token: 'x' })
    })
    const tokens = await server((_, response) => {
      response.writeHead(307, { location: `http://${stranger.host}/` }).end()
    })
    const registry = await server((_, response) => {
      sendJson(response, 401, {}, { 'www-authenticate': `Bearer realm="http://${tokens.host}/"` })
    })
    await sentence(client(withPassword).getManifest(at(registry), 'v1'))
    expect(stranger.seen).toEqual([])
  })
})

describe('redirects', () => {
  const blob = Buffer.from('the blob')

  it('are followed to another host without credentials', async () => {
    const store = await server((_, response) => response.end(blob))
    const registry = await server(({ authorization }, response) => {
      if (authorization === undefined) sendJson(response, 401, {}, { 'www-authenticate': 'Basic realm="r"' })
      else response.writeHead(307, { location: `http://${store.host}/data?signature=abc` }).end()
    })
    const requests: string[] = []
    const onRequest = ({ method, url }: { method: string; url: string }) => requests.push(`${method} ${url}`)
    const registryClient = client(withPassword, undefined, { onRequest })
    expect(await registryClient.getBlob(at(registry), digestOf(blob), 100)).toEqual(blob)
    expect(registry.seen.map(({ authorization }) => authorization)).toEqual([undefined, basic])
    expect(store.seen).toEqual([
      { method: 'GET', path: '/data?signature=abc', authorization: undefined, body: '' },
    ])
    expect(requests.at(-1)).toBe(`GET http://${store.host}/data`)
  })

  it('to another host that asks for credentials send none', async () => {
    const stranger = await server((_, response) => {
      sendJson(response, 401, {}, { 'www-authenticate': 'Basic realm="r"' })
    })
    const registry = await server((_, response) => {
      response.writeHead(302, { location: `http://${stranger.host}/` }).end()
    })
    const message = await sentence(client(withPassword).getBlob(at(registry), digestOf(blob), 100))
    expect(message).toContain('401 unauthorized')
    expect(stranger.seen.map(({ authorization }) => authorization)).toEqual([undefined])
  })

  it('within the registry send credentials', async () => {
    const registry = await server(({ authorization, path }, response) => {
      if (authorization === undefined) sendJson(response, 401, {}, { 'www-authenticate': 'Basic realm="r"' })
      else if (path === '/data') response.end(blob)
      else response.writeHead(307, { location: '/data' }).end()
    })
    expect(await client(withPassword).getBlob(at(registry), digestOf(blob), 100)).toEqual(blob)
  })

  it('end after five', async () => {
    const registry = await server((_, response) => response.writeHead(307, { location: '/again' }).end())
    expect(await sentence(client().getManifest(at(registry), 'v1'))).toContain('more than 5 times')
    expect(registry.seen).toHaveLength(6)
  })

  it.each(['http://192.0.2.1/x', 'ftp://127.0.0.1/x', 'http://'])(
    'to %s are not followed',
    async (location) => {
      const registry = await server((_, response) => response.writeHead(307, { location }).end())
      expect(await sentence(client().getManifest(at(registry), 'v1'))).toContain(
        'not https, which is not followed',
      )
    },
  )

  it('of a push are not followed', async () => {
    const stranger = await server((_, response) => response.writeHead(201).end())
    const registry = await server((_, response) =>
      response.writeHead(307, { location: `http://${stranger.host}/` }).end(),
    )
    const work = client(withPassword).putManifest(at(registry), 'v1', manifest, mediaTypes.ociManifest)
    expect(await sentence(work)).toContain('only reads follow redirects')
    expect(stranger.seen).toEqual([])
  })

  it('to an upload address on another host send the bytes without credentials', async () => {
    const store = await server((_, response) => response.writeHead(201).end())
    const registry = await server(({ authorization, method }, response) => {
      if (authorization === undefined) sendJson(response, 401, {}, { 'www-authenticate': 'Basic realm="r"' })
      else if (method === 'HEAD') response.writeHead(404).end()
      else response.writeHead(202, { location: `http://${store.host}/up?state=a%2Fb` }).end()
    })
    const digest = await client(withPassword).putBlob(at(registry), blob)
    expect(store.seen).toEqual([
      {
        method: 'PUT',
        path: `/up?state=a%2Fb&digest=${digest.replace(':', '%3A')}`,
        authorization: undefined,
        body: 'the blob',
      },
    ])
  })
})

describe('getManifest', () => {
  it('returns the bytes, their digest and the parsed content', async () => {
    const registry = await server((_, response) => {
      sendManifest(response, { 'docker-content-digest': manifestDigest })
    })
    const found = await client().getManifest(at(registry), 'v1')
    expect(found).toMatchObject({
      digest: manifestDigest,
      mediaType: mediaTypes.ociManifest,
      parsed: { kind: 'image' },
    })
    expect(found?.bytes.equals(manifest)).toBe(true)
  })

  it('returns undefined for a missing tag', async () => {
    const registry = await server((_, response) => {
      sendJson(response, 404, { errors: [{ code: 'MANIFEST_UNKNOWN' }] })
    })
    expect(await client().getManifest(at(registry), 'v1')).toBeUndefined()
  })

  it.each([200, 404])('refuses a web page with status %i', async (status) => {
    const registry = await server((_, response) =>
      response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' }).end('<html>'),
    )
    expect(await sentence(client().getManifest(at(registry), 'v1'))).toBe(
      `${registry.host} answered with a web page and is not a registry; check its host and port.`,
    )
  })

  it('refuses bytes with another digest than the requested one or the header', async () => {
    const other: Digest = `sha256:${'0'.repeat(64)}`
    const registry = await server(({ path }, response) => {
      sendManifest(response, path.endsWith('/v1') ? { 'docker-content-digest': other } : {})
    })
    expect(await sentence(client().getManifest(at(registry), other))).toContain(
      `should have the digest ${other}`,
    )
    expect(await sentence(client().getManifest(at(registry), 'v1'))).toContain(`the registry says that`)
  })

  it('refuses more than 4 MiB', async () => {
    const registry = await server((_, response) => {
      response.writeHead(200, { 'content-type': mediaTypes.ociManifest })
      response.end(Buffer.alloc(4 * 1024 * 1024 + 1, ' '))
    })
    expect(await sentence(client().getManifest(at(registry), 'v1'))).toContain('more than 4194304 bytes')
  })

  it('reads no further than that', async () => {
    const piece = Buffer.alloc(1024 * 1024, ' ')
    let sent = 0
    const registry = await server((_, response) => {
      response.writeHead(200, { 'content-type': mediaTypes.ociManifest })
      const send = (): void => {
        if (sent++ < 100) response.write(piece, send)
        else response.end()
      }
      response.on('error', () => undefined)
      send()
    })
    expect(await sentence(client().getManifest(at(registry), 'v1'))).toContain('more than 4194304 bytes')
    expect(sent).toBeLessThan(50)
  })

  it.each(['../../x', 'a/b', '', 'x?y', 'sha256:abc'])('sends no request for %j', async (reference) => {
    const registry = await server((_, response) => response.end())
    expect(await sentence(client().getManifest(at(registry), reference))).toContain(
      'neither a tag nor a digest',
    )
    expect(registry.seen).toEqual([])
  })
})

describe('putManifest', () => {
  it.each([
    ['returns the digest', { 'docker-content-digest': manifestDigest }, ['PUT']],
    ['returns no digest and is read back', {}, ['PUT', 'GET']],
  ])('is confirmed by a registry that %s', async (_, headers: Record<string, string>, methods) => {
    const registry = await server(({ method }, response) => {
      if (method === 'GET') sendManifest(response)
      else response.writeHead(201, headers).end()
    })
    const digest = await client().putManifest(at(registry), 'v1', manifest, mediaTypes.ociManifest)
    expect(digest).toBe(manifestDigest)
    expect(registry.seen.map(({ method }) => method)).toEqual(methods)
    expect(registry.seen[0]).toMatchObject({ path: '/v2/aibrix/x/manifests/v1', body: manifest.toString() })
  })

  it.each([
    ['DIGEST_INVALID', 3, 'none'],
    ['DIGEST_INVALID', 4, '400 bad request'],
    ['MANIFEST_INVALID', 1, '400 bad request'],
  ])(
    'that is called %s %i times, as during a parallel push of the same manifest: %s',
    async (code, times, expected) => {
      let count = 0
      const registry = await server((_, response) => {
        if (count++ < times) sendJson(response, 400, { errors: [{ code }] })
        else response.writeHead(201, { 'docker-content-digest': manifestDigest }).end()
      })
      const repeating = client(undefined, undefined, { withRetries: quickRetry().run })
      const put = repeating.putManifest(at(registry), 'v1', manifest, mediaTypes.ociManifest)
      if (expected === 'none') expect(await put).toBe(manifestDigest)
      else expect(await sentence(put)).toContain(expected)
      expect(count).toBe(expected === 'none' ? times + 1 : times)
    },
  )

  it('throws if the registry has something else afterwards', async () => {
    const lying = await server((_, response) =>
      response.writeHead(201, { 'docker-content-digest': `sha256:${'1'.repeat(64)}` }).end(),
    )
    const forgetful = await server(({ method }, response) =>
      response.writeHead(method === 'GET' ? 404 : 201).end(),
    )
    const put = (registry: TestServer) =>
      client().putManifest(at(registry), 'v1', manifest, mediaTypes.ociManifest)
    expect(await sentence(put(lying))).toContain('the registry says that')
    expect(await sentence(put(forgetful))).toContain('does not have it')
  })
})

describe('blobs', () => {
  const blob = Buffer.alloc(300_000, 'blob')
  const digest = digestOf(blob)

  it('are verified', async () => {
    const registry = await server((_, response) => response.end('other bytes'))
    expect(await sentence(client().getBlob(at(registry), digest, 1_000_000))).toContain(
      'should have the digest',
    )
  })

  it('over the limit are refused', async () => {
    const registry = await server((_, response) => response.end(blob))
    expect(await sentence(client().getBlob(at(registry), digest, 1000))).toContain('more than 1000 bytes')
  })

  it('are not sent if the repository has them', async () => {
    const registry = await server((_, response) =>
      response.writeHead(200, { 'content-length': blob.length }).end(),
    )
    expect(await client().putBlob(at(registry), blob)).toBe(digest)
    expect(registry.seen.map(({ method }) => method)).toEqual(['HEAD'])
  })

  it('are streamed into the upload that a registry starts instead of a mount', async () => {
    const registry = await server(({ method, path }, response) => {
      if (method === 'POST') response.writeHead(202, { location: '/v2/b/to/blobs/uploads/1?_state=s' }).end()
      else if (method === 'GET') response.end(blob)
      else response.writeHead(path.includes('_state=s') ? 201 : 500).end()
    })
    const copy = { from: at(registry, 'a/from'), to: at(registry, 'b/to'), digest, size: blob.length }
    expect(await client().mountBlob(copy)).toBe('streamed')
    expect(registry.seen.map(({ method }) => method)).toEqual(['POST', 'GET', 'PUT'])
    expect(registry.seen.at(-1)?.body).toBe(blob.toString())
  })

  it('are not moved to try a mount, whatever the registry answers', async () => {
    for (const [status, isMounted] of [
      [201, true],
      [202, false],
    ] as const) {
      const registry = await server((_, response) =>
        response.writeHead(status, { location: '/v2/b/to/blobs/uploads/1' }).end(),
      )
      const copy = { from: at(registry, 'a/from'), to: at(registry, 'b/to'), digest, size: blob.length }
      expect(await client().tryMount(copy)).toBe(isMounted)
      expect(registry.seen.map(({ method }) => method)).toEqual(['POST'])
    }
  })

  it.each([blob.length - 1, blob.length + 1])(
    'of another size than %i bytes are not uploaded',
    async (size) => {
      const registry = await server(({ method }, response) => {
        if (method === 'POST') response.writeHead(202, { location: '/up' }).end()
        else if (method === 'GET') response.end(blob)
        else response.writeHead(201).end()
      })
      const copy = { from: at(registry, 'a/from'), to: at(registry, 'b/to'), digest, size }
      expect(await sentence(client().mountBlob(copy))).toContain(`does not have the ${size} bytes`)
    },
  )

  it('that break off in transit are an error about the source', async () => {
    const registry = await server(({ method }, response) => {
      if (method === 'POST') response.writeHead(202, { location: '/up' }).end()
      else if (method === 'GET') {
        response.writeHead(200, { 'content-length': blob.length })
        response.write(blob.subarray(0, 1000), () => response.destroy())
      } else response.writeHead(201).end()
    })
    const copy = { from: at(registry, 'a/from'), to: at(registry, 'b/to'), digest, size: blob.length }
    expect(await sentence(client().mountBlob(copy))).toContain(
      'the pull of a/from: the connection was closed',
    )
  })

  it('of the same repository need no request', async () => {
    const here = { registry: '127.0.0.1:1', path: 'a' }
    expect(await client().mountBlob({ from: here, to: { ...here }, digest, size: 1 })).toBe('exists')
  })
})

describe('refusals', () => {
  const errors = (code: string, message?: string) => ({ errors: [{ code, message }, { code: 'SECOND' }] })
  const advised = 'check the docker login for it, and the permissions of that user.'
  it.each([
    [
      401,
      errors('UNAUTHORIZED', 'authentication required'),
      `401 unauthorized (authentication required); ${advised}`,
    ],
    [403, errors('DENIED'), `403 forbidden (DENIED); ${advised}`],
    [
      429,
      errors('TOOMANYREQUESTS', 'slow\ndown\u001b[31m'),
      '429 too many requests (slow down [31m); its rate limit is reached, try later.',
    ],
    [400, 'no json', '400 bad request; check the name of the repository and what the registry supports.'],
    [
      418,
      { details: 'teapot' },
      "418 i'm a teapot (teapot); check the name of the repository and what the registry supports.",
    ],
    [404, errors('NAME_UNKNOWN', 'x'.repeat(500)), `404 not found (${'x'.repeat(199)}…); check the name`],
  ])('with status %i name the registry, the action and what to do', async (status, content, expected) => {
    const registry = await server((_, response) => {
      sendJson(response, status, content)
    })
    const put = client(withPassword).putManifest(at(registry), 'v1', manifest, mediaTypes.ociManifest)
    expect(await sentence(put)).toContain(
      `registry ${registry.host} refused the push to aibrix/x: ${expected}`,
    )
  })

  it('of a broken registry blame the registry', async () => {
    const registry = await server((_, response) => {
      sendJson(response, 503, {})
    })
    expect(await sentence(client().getManifest(at(registry), 'v1'))).toBe(
      `registry ${registry.host} failed at the pull of aibrix/x: 503 service unavailable; this is a fault of the registry, try later.`,
    )
  })

  it('without credentials say that there are none', async () => {
    const registry = await server((_, response) => {
      sendJson(response, 401, {}, { 'www-authenticate': 'Basic realm="r"' })
    })
    expect(await sentence(client().getManifest(at(registry), 'v1'))).toContain(
      'there are no credentials for it',
    )
  })

  it('of the token service show its message', async () => {
    const registry = await server(({ path, raw }, response) => {
      if (path.startsWith('/token')) sendJson(response, 401, { details: 'incorrect username or password' })
      else
        sendJson(
          response,
          401,
          {},
          { 'www-authenticate': `Bearer realm="http://${String(raw.headers.host)}/token"` },
        )
    })
    expect(await sentence(client(withPassword).getManifest(at(registry), 'v1'))).toBe(
      `registry ${registry.host} refused the pull of aibrix/x: 401 unauthorized (incorrect username or password); ${advised}`,
    )
  })

  it('never repeat a secret that the registry repeats', async () => {
    const echo: Handler = ({ authorization }, response) => {
      const decoded = Buffer.from(authorization?.split(' ')[1] ?? '', 'base64').toString()
      sendJson(response, 401, errors('X', `${String(authorization)} ${decoded}`), {
        'www-authenticate': 'Basic realm="r"',
      })
    }
    const registry = await server(echo)
    const message = await sentence(client(withPassword).getManifest(at(registry), 'v1'))
    expect(message).toContain('***')
    expect(message).not.toContain(password)
    expect(message).not.toContain(basic.slice('Basic '.length))
  })
})

describe('time-outs', () => {
  const short: Timeouts = { request: 80, stall: 80 }

  it('end a request that is never answered', async () => {
    const registry = await server(() => undefined)
    expect(await sentence(client(anonymous, short).getManifest(at(registry), 'v1'))).toBe(
      `no answer from registry ${registry.host} to the pull of aibrix/x: timeout, no complete answer for 0.08 s; check the network, or try later.`,
    )
  })

  it('end an answer that stops in the middle', async () => {
    const registry = await server((_, response) => {
      response.writeHead(200, { 'content-type': mediaTypes.ociManifest, 'content-length': '100' })
      response.write('{')
    })
    expect(await sentence(client(anonymous, short).getManifest(at(registry), 'v1'))).toContain('timeout')
  })

  it('end an answer that trickles for ever', async () => {
    const timers: NodeJS.Timeout[] = []
    const registry = await server((_, response) => {
      response.writeHead(200, { 'content-type': mediaTypes.ociManifest })
      timers.push(setInterval(() => response.write(' '), 10))
    })
    expect(await sentence(client(anonymous, short).getManifest(at(registry), 'v1'))).toContain('timeout')
    timers.forEach(clearInterval)
  })

  it('end a stream in which almost no data moves, but not a slow one', async () => {
    const timers: NodeJS.Timeout[] = []
    const part = Buffer.alloc(500)
    const registry = await server(({ method, path }, response) => {
      if (method === 'POST') response.writeHead(202, { location: '/up' }).end()
      else if (method === 'PUT') response.writeHead(201).end()
      else {
        response.writeHead(200, { 'content-length': 6 * part.length })
        let sent = 0
        const send = () => {
          sent += 1
          if (path.includes('/drops/')) response.write('0')
          else if (sent < (path.includes('/slow/') ? 6 : 3)) response.write(part)
          else if (sent === 6 && path.includes('/slow/')) response.end(part)
        }
        timers.push(setInterval(send, 100))
      }
    })
    const registryClient = client(anonymous, { request: 5000, stall: 500 })
    const copy = { to: at(registry, 'b'), digest: digestOf(Buffer.alloc(3000)), size: 3000 }
    expect(await registryClient.mountBlob({ ...copy, from: at(registry, 'slow') })).toBe('streamed')
    for (const from of ['stuck', 'drops'])
      expect(await sentence(registryClient.mountBlob({ ...copy, from: at(registry, from) }))).toContain(
        'timeout, almost no data moved for 0.5 s',
      )
    timers.forEach(clearInterval)
  })

  it('end on a cancel', async () => {
    const controller = new AbortController()
    const registry = await server(() => {
      controller.abort()
    })
    const work = client(anonymous, undefined, { signal: controller.signal }).getManifest(at(registry), 'v1')
    expect(await sentence(work)).toContain('cancelled')
    const late = client(anonymous, undefined, { signal: controller.signal }).getManifest(at(registry), 'v1')
    expect(await sentence(late)).toContain('cancelled')
  })
})

describe('a host that is not a registry', () => {
  it('is reported if it does not listen', async () => {
    const registry = await startServer(() => undefined)
    await registry.close()
    expect(await sentence(client().getManifest(at(registry), 'v1'))).toBe(
      `no answer from registry ${registry.host} to the pull of aibrix/x: connection refused; check its host and port and that it runs.`,
    )
  })

  it('is reported if it does not speak http', async () => {
    const { createServer } = await import('node:net')
    const strange = createServer((socket) => socket.end('220 mail.example ESMTP\r\n'))
    await new Promise<void>((resolve) => strange.listen(0, '127.0.0.1', resolve))
    opened.push({ close: () => strange.close() })
    const address = strange.address()
    const host = `127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}`
    expect(await sentence(client().getManifest({ registry: host, path: 'x' }, 'v1'))).toContain(
      'does not speak http',
    )
  })
})

it('reuses a connection, and opens another one if the registry has closed it', async () => {
  let count = 0
  const registry = await server(({ raw, path }, response) => {
    // Closed at the moment it is reused: the answer never comes.
    if (path.endsWith('/v2') && count++ === 0) raw.socket.resetAndDestroy()
    else sendManifest(response)
  })
  const registryClient = client()
  await registryClient.getManifest(at(registry), 'v1')
  expect((await registryClient.getManifest(at(registry), 'v2'))?.digest).toBe(manifestDigest)
})
