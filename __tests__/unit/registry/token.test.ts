import { describe, expect, it } from '@jest/globals'
import type { CredentialLookup } from '../../../src/registry/auth/credentials.ts'
import { at, type Handler, sendJson, sentence, useOpened } from '../../support/web-server.ts'

const { server, client } = useOpened()

const withPassword: CredentialLookup = () =>
  Promise.resolve({ kind: 'password', username: 'me', password: 'canary-password' })
const withIdentity: CredentialLookup = () => Promise.resolve({ kind: 'identity-token', token: 'idt' })

/** A registry that requires the token `right`, and its token service. */
async function withTokens(answer: Handler) {
  const tokens = await server(answer)
  const registry = await server(({ authorization }, response) => {
    const realm = `Bearer realm="http://${tokens.host}/token",service="test"`
    if (authorization === 'Bearer right') sendJson(response, 200, { tags: ['a'] })
    else sendJson(response, 401, {}, { 'www-authenticate': realm })
  })
  return { tokens, registry }
}

describe('a token', () => {
  it.each([
    { token: 'right' },
    { access_token: 'right' },
    { token: '', access_token: 'right' },
    { token: null, access_token: 'right' },
    { token: 'right', access_token: '' },
    { token: 'right', access_token: null, expires_in: null },
    { token: 'wrong', access_token: 'right' },
    { token: 'right', expires_in: 0, refresh_token: null, scope: '' },
  ])('is read from %j', async (content) => {
    const { registry } = await withTokens((_, response) => {
      sendJson(response, 200, content)
    })
    expect(await client(withPassword).listTags(at(registry))).toEqual(['a'])
    expect(await client(withIdentity).listTags(at(registry))).toEqual(['a'])
  })

  it.each([{ token: '', access_token: null }, { token: null }, {}])('is missing in %j', async (content) => {
    const { registry } = await withTokens((_, response) => {
      sendJson(response, 200, content)
    })
    expect(await sentence(client(withPassword).listTags(at(registry)))).toContain('holds no token')
  })

  it.each([200, 201, 203])('may have status %i', async (status) => {
    const { registry } = await withTokens((_, response) => {
      sendJson(response, status, { token: 'right' })
    })
    expect(await client(withPassword).listTags(at(registry))).toEqual(['a'])
  })
})

describe('a redirect of a token service', () => {
  it.each([
    [301, '/token/'],
    [302, 'other?service=test'],
    [303, '/v2/token'],
    [307, '/token2'],
    [308, '//HOST/token2'],
  ])('to its own host is followed with the credentials: %i to %s', async (status, location) => {
    const { tokens, registry } = await withTokens(({ path, raw }, response) => {
      const where = location.replace('HOST', raw.headers.host ?? '')
      if (path.startsWith('/token?')) response.writeHead(status, { location: where }).end()
      else sendJson(response, 200, { token: 'right' })
    })
    expect(await client(withPassword).listTags(at(registry))).toEqual(['a'])
    const [first, second] = tokens.seen
    expect(second?.authorization).toBe(first?.authorization)
    expect(second?.authorization).toMatch(/^Basic /)
  })

  it('after a form repeats the form', async () => {
    const { tokens, registry } = await withTokens(({ path }, response) => {
      if (path === '/token') response.writeHead(308, { location: '/token2' }).end()
      else sendJson(response, 200, { access_token: 'right' })
    })
    expect(await client(withIdentity).listTags(at(registry))).toEqual(['a'])
    expect(tokens.seen.map(({ method, body }) => [method, body.includes('refresh_token=idt')])).toEqual([
      ['POST', true],
      ['POST', true],
    ])
  })

  it('to another host sends nothing there, and is an error that names it', async () => {
    const stranger = await server((_, response) => response.writeHead(200).end('{}'))
    const { registry } = await withTokens((_, response) =>
      response.writeHead(307, { location: `http://${stranger.host}/token` }).end(),
    )
    expect(await sentence(client(withPassword).listTags(at(registry)))).toContain(
      `redirects (307) to another host, ${stranger.host}, which gets no credentials`,
    )
    expect(stranger.seen).toEqual([])
  })

  it('that never ends is an error', async () => {
    const { registry } = await withTokens((_, response) =>
      response.writeHead(302, { location: '/token' }).end(),
    )
    expect(await sentence(client(withPassword).listTags(at(registry)))).toContain('more than 5 times')
  })
})
