import { describe, expect, it } from '@jest/globals'
import type { CredentialLookup } from '../../../src/registry/auth/credentials.ts'
import { quickRetry } from '../../support/retry.ts'
import { at, type Handler, sendJson, sentence, useOpened } from '../../support/web-server.ts'

const { server, client } = useOpened()

const withPassword: CredentialLookup = () =>
  Promise.resolve({ kind: 'password', username: 'me', password: 'canary-password' })

/** A registry that gives so many tags a page, with an opaque cursor as ECR has it, linked by what `link` makes of it. */
function paged(tags: string[], pageSize: number, link = (path: string) => path): Handler {
  return ({ path }, response) => {
    const query = new URL(path, 'http://x').searchParams
    const from = Number(query.get('cursor') ?? 0)
    const to = from + pageSize
    const next = `/v2/aibrix/x/tags/list?cursor=${to}&n=${pageSize}`
    const headers = to < tags.length ? { link: `<${link(next)}>; rel="next"` } : {}
    sendJson(response, 200, { name: 'aibrix/x', tags: tags.slice(from, to) }, headers)
  }
}

const numbered = (count: number) => Array.from({ length: count }, (_, number) => `v0.0.${number}`)

describe('the tags of a repository', () => {
  it('are asked for by the thousand', async () => {
    const registry = await server(paged(['v2', 'v1'], 1000))
    expect(await client().listTags(at(registry))).toEqual(['v1', 'v2'])
    expect(registry.seen.map(({ path }) => path)).toEqual(['/v2/aibrix/x/tags/list?n=1000'])
  })

  it('are read to the last page, as the registry links them', async () => {
    const registry = await server(paged(numbered(250), 100))
    expect(await client().listTags(at(registry))).toEqual(numbered(250).sort())
    expect(registry.seen.slice(1).map(({ path }) => path)).toEqual([
      '/v2/aibrix/x/tags/list?cursor=100&n=100',
      '/v2/aibrix/x/tags/list?cursor=200&n=100',
    ])
  })

  it('may be linked by whole addresses, and by a link among others', async () => {
    const absolute: Handler = (request, response) => {
      paged(numbered(3), 2, (path) => `http://${request.raw.headers.host ?? ''}${path}`)(request, response)
    }
    expect(await client().listTags(at(await server(absolute)))).toHaveLength(3)
    const among: Handler = (request, response) => {
      paged(numbered(3), 2, (path) => `/>; rel="first", <${path}`)(request, response)
    }
    expect(await client().listTags(at(await server(among)))).toHaveLength(3)
  })

  it.each([
    ['no relation', (next: string) => `<${next}>`],
    ['an empty relation', (next: string) => `<${next}>; rel=""`],
    ['a title and no relation', (next: string) => `<${next}>; title="more; rel=prev"`],
    ['no relation behind one that has one', (next: string) => `</>; rel="first", <${next}>`],
    ['a relation without quotes, among others', (next: string) => `<${next}>; REL=Next`],
    ['another relation first', (next: string) => `<${next}>; rel="last next"`],
  ])('are read to the last page, though its link has %s', async (_, link) => {
    const registry = await server(({ path }, response) => {
      const first = path.includes('n=1000')
      const headers = first ? { link: link('/v2/aibrix/x/tags/list?cursor=1') } : {}
      sendJson(response, 200, { tags: [first ? 'a' : 'b'] }, headers)
    })
    expect(await client().listTags(at(registry))).toEqual(['a', 'b'])
  })

  it.each(['</first>; rel="first", </before>; rel=prev', '<>', '<>; rel="next"'])(
    'end where no link leads to more: %s',
    async (link) => {
      const registry = await server((_, response) => {
        sendJson(response, 200, { tags: ['a'] }, { link })
      })
      expect(await client().listTags(at(registry))).toEqual(['a'])
      expect(registry.seen).toHaveLength(1)
    },
  )

  it('are asked for behind the last one where a page is full and nothing is linked', async () => {
    const tags = numbered(2000).sort()
    const registry = await server(({ path }, response) => {
      const query = new URL(path, 'http://x').searchParams
      const from = tags.indexOf(query.get('last') ?? '') + 1
      sendJson(response, 200, { tags: tags.slice(from, from + Number(query.get('n'))) })
    })
    expect(await client().listTags(at(registry))).toEqual(tags)
    expect(registry.seen.map(({ path }) => path)).toEqual([
      '/v2/aibrix/x/tags/list?n=1000',
      `/v2/aibrix/x/tags/list?n=1000&last=${tags[999] ?? ''}`,
      `/v2/aibrix/x/tags/list?n=1000&last=${tags[1999] ?? ''}`,
    ])
  })

  it('are all there where a registry that knows no pages has as many as were asked for', async () => {
    const registry = await server((_, response) => {
      sendJson(response, 200, { tags: numbered(1000) })
    })
    expect(await client().listTags(at(registry))).toHaveLength(1000)
    expect(registry.seen).toHaveLength(2)
  })

  it('come in one order and once each, whatever the registry does', async () => {
    const registry = await server(paged(['b', 'a', 'B', 'a', 'v0.10', 'v0.9', 'b'], 3))
    expect(await client().listTags(at(registry))).toEqual(['B', 'a', 'b', 'v0.10', 'v0.9'])
  })

  it('of a hostile name are left out, since nothing has such a name', async () => {
    const hostile = ['../../x', 'a b', 'a\nb', '', '-a', 'x'.repeat(129), '${{ secrets.A }}', 'fine']
    const registry = await server(paged(hostile, 1000))
    expect(await client().listTags(at(registry))).toEqual(['fine'])
  })

  it.each([
    ['null', 200, { name: 'x', tags: null }],
    ['none', 200, { name: 'x', tags: [] }],
    ['no property', 200, { name: 'x' }],
    ['an unknown repository', 404, { errors: [{ code: 'NAME_UNKNOWN', message: 'unknown' }] }],
    ['what Harbor says of one', 404, { errors: [{ code: 'NOT_FOUND', message: 'repository not found' }] }],
  ])('that are %s are none', async (_, status, content) => {
    const registry = await server((_, response) => {
      sendJson(response, status, content)
    })
    expect(await client().listTags(at(registry))).toEqual([])
  })

  it('are asked for again when the answer that there is no such repository breaks off', async () => {
    const body = JSON.stringify({ errors: [{ code: 'NAME_UNKNOWN', message: 'unknown' }] })
    let broken = 2
    const registry = await server((_, response) => {
      response.writeHead(404, { 'content-type': 'application/json', 'content-length': body.length })
      if (broken-- > 0) response.write(body.slice(0, 9), () => response.destroy())
      else response.end(body)
    })
    const patient = client(undefined, undefined, { repeat: quickRetry().run })
    expect(await patient.listTags(at(registry))).toEqual([])
    expect(registry.seen).toHaveLength(3)
  })

  it('may be served as text, as ECR does', async () => {
    const registry = await server((_, response) =>
      response.writeHead(200, { 'content-type': 'text/plain' }).end('{"tags":["a"]}'),
    )
    expect(await client().listTags(at(registry))).toEqual(['a'])
  })

  it('are 10 000 in 10 requests', async () => {
    const registry = await server(paged(numbered(10_000), 1000))
    expect(await client().listTags(at(registry))).toHaveLength(10_000)
    expect(registry.seen).toHaveLength(10)
  })

  it('are asked for with the credentials that the registry wants, on every page', async () => {
    const pages = paged(numbered(4), 2)
    const registry = await server((request, response) => {
      if (request.authorization === undefined)
        sendJson(response, 401, {}, { 'www-authenticate': 'Basic realm="r"' })
      else pages(request, response)
    })
    expect(await client(withPassword).listTags(at(registry))).toHaveLength(4)
    expect(registry.seen.map(({ authorization }) => authorization?.split(' ')[0])).toEqual([
      undefined,
      'Basic',
      'Basic',
    ])
  })

  it('of a repository that moved are read where it is now, without credentials', async () => {
    const there = await server(paged(numbered(4), 2))
    const registry = await server(({ path, authorization }, response) => {
      if (authorization === undefined) sendJson(response, 401, {}, { 'www-authenticate': 'Basic realm="r"' })
      else response.writeHead(307, { location: `http://${there.host}${path}` }).end()
    })
    expect(await client(withPassword).listTags(at(registry))).toHaveLength(4)
    expect(there.seen.map(({ authorization }) => authorization)).toEqual([undefined, undefined])
  })
})

describe('a next page', () => {
  it.each([
    ['on another host', (host: string) => `http://192.0.2.1/${host}`, 'http://192.0.2.1'],
    ['on another port', () => 'http://127.0.0.1:1/x', 'http://127.0.0.1:1'],
    ['under another protocol', (host: string) => `https://${host}/x`, 'https://'],
    ['in a file', () => 'file:///etc/passwd', 'file://'],
    ['on another host, in short', () => '//192.0.2.1/x', 'http://192.0.2.1'],
  ])('%s is not asked for', async (_, link, shown) => {
    const registry = await server(({ raw }, response) => {
      const headers = { link: `<${link(raw.headers.host ?? '')}>; rel="next"` }
      sendJson(response, 200, { tags: ['a'] }, headers)
    })
    const message = await sentence(client(withPassword).listTags(at(registry)))
    expect(message).toContain(`the request for the tags of aibrix/x with a next page at ${shown}`)
    expect(message).toContain('which is not followed')
    expect(registry.seen).toHaveLength(1)
  })

  it('is asked for without the user and password that its address names', async () => {
    const registry = await server(({ raw, path }, response) => {
      const headers = { link: `<http://u:p@${raw.headers.host ?? ''}/second>; rel="next"` }
      sendJson(response, 200, { tags: [path] }, path === '/second' ? {} : headers)
    })
    await client().listTags(at(registry))
    expect(registry.seen.map(({ path, authorization }) => [path, authorization])).toEqual([
      ['/v2/aibrix/x/tags/list?n=1000', undefined],
      ['/second', undefined],
    ])
  })

  it.each(['/v2/x; rel="next"', '<http://>; rel="next"'])(
    'that can not be read is an error, and no end: %s',
    async (link) => {
      const registry = await server((_, response) => {
        sendJson(response, 200, { tags: ['a'] }, { link })
      })
      expect(await sentence(client().listTags(at(registry)))).toContain(
        "a link to the next page that can't be read",
      )
    },
  )

  it('that is gone is an error, and no end', async () => {
    const pages = paged(numbered(4), 2)
    const registry = await server((request, response) => {
      if (request.path.includes('cursor')) sendJson(response, 404, { errors: [{ code: 'NAME_UNKNOWN' }] })
      else pages(request, response)
    })
    expect(await sentence(client().listTags(at(registry)))).toContain('404 not found')
  })
})

describe('a list that does not come to an end', () => {
  it('because it leads to itself is an error', async () => {
    const registry = await server(({ path }, response) => {
      sendJson(response, 200, { tags: ['a'] }, { link: `<${path.replace('=1000', '=2')}>; rel="next"` })
    })
    expect(await sentence(client().listTags(at(registry)))).toBe(
      `the list of tags of ${registry.host}/aibrix/x leads in a circle; it is not used.`,
    )
    expect(registry.seen).toHaveLength(2)
  })

  it.each([
    ['too many pages', 1000, () => ['a']],
    ['too many tags', 26, (page: number) => numbered(2000).map((tag) => `${tag}-${page}`)],
    ['too many bytes', 9, (page: number) => ['x'.repeat(1_000_000) + String(page)]],
  ])('because it has %s is an error', async (_, requests, tagsOf) => {
    let count = 0
    const registry = await server((_, response) => {
      count += 1
      sendJson(response, 200, { tags: tagsOf(count) }, { link: `</again?${count}>; rel="next"` })
    })
    expect(await sentence(client().listTags(at(registry)))).toContain(
      'has more than 50000 tags, 8388608 bytes or 1000 pages, which is too much to be true',
    )
    expect(count).toBe(requests)
  })

  it('because one page has 100 MB is an error, before they are read', async () => {
    const piece = Buffer.alloc(1024 * 1024, ' ')
    let sent = 0
    const registry = await server((_, response) => {
      const send = (): void => {
        if (sent++ < 100) response.write(piece, send)
        else response.end()
      }
      response.writeHead(200, { 'content-type': 'application/json' })
      response.on('error', () => undefined)
      send()
    })
    expect(await sentence(client().listTags(at(registry)))).toContain('more than 8388608 bytes')
    expect(sent).toBeLessThan(50)
  })
})

describe('a registry that does not list tags', () => {
  it('because too much was asked of it says to log in', async () => {
    const registry = await server((_, response) => {
      sendJson(response, 429, { detail: 'Rate limit exceeded', error: false })
    })
    const refused = `registry ${registry.host} refused the request for the tags of aibrix/x: 429 too many requests; its rate limit is reached`
    expect(await sentence(client().listTags(at(registry)))).toBe(`${refused}: log in, or try later.`)
    expect(await sentence(client(withPassword).listTags(at(registry)))).toBe(`${refused}, try later.`)
  })

  it.each([
    ['is forbidden', 403, { errors: [{ code: 'DENIED' }] }, '403 denied'],
    ['is nowhere', 404, { message: 'no route' }, '404 not found (no route)'],
    ['is broken', 503, {}, '503 unavailable'],
    ['answers nonsense', 200, { tags: 'a' }, 'is not valid at tags'],
    ['answers numbers', 200, { tags: [1] }, 'is not valid at tags.0'],
  ])('because it %s says so', async (_, status, content, expected) => {
    const registry = await server((_, response) => {
      sendJson(response, status, content)
    })
    expect(await sentence(client().listTags(at(registry)))).toContain(expected)
  })

  it('because it is a web server says so', async () => {
    const registry = await server((_, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
    )
    expect(await sentence(client().listTags(at(registry)))).toContain('is not a registry')
  })
})
