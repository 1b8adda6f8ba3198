import { describe, expect, it } from '@jest/globals'
import type { CredentialLookup } from '../../../src/registry/auth/credentials.ts'
import { quickRetry } from '../../support/retry.ts'
import { at, type Handler, sendJson, sentence, useOpened } from '../../support/web-server.ts'

const { server, client } = useOpened()

const withPassword: CredentialLookup = () =>
  Promise.resolve({ kind: 'password', username: 'me', password: 'canary-password' })

/** A registry with pages of tags and an opaque cursor, as in ECR; `link` writes the next link. */
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
  it('are requested by the thousand', async () => {
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

  it('may have absolute links, and a link among others', async () => {
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
    ['no relation after one with a relation', (next: string) => `</>; rel="first", <${next}>`],
    ['a relation without quotes, among others', (next: string) => `<${next}>; REL=Next`],
    ['another relation first', (next: string) => `<${next}>; rel="last next"`],
  ])('are read to the last page if its link has %s', async (_, link) => {
    const registry = await server(({ path }, response) => {
      const first = path.includes('n=1000')
      const headers = first ? { link: link('/v2/aibrix/x/tags/list?cursor=1') } : {}
      sendJson(response, 200, { tags: [first ? 'a' : 'b'] }, headers)
    })
    expect(await client().listTags(at(registry))).toEqual(['a', 'b'])
  })

  it.each(['</first>; rel="first", </before>; rel=prev', '<>', '<>; rel="next"'])(
    'end if no link leads to a next page: %s',
    async (link) => {
      const registry = await server((_, response) => {
        sendJson(response, 200, { tags: ['a'] }, { link })
      })
      expect(await client().listTags(at(registry))).toEqual(['a'])
      expect(registry.seen).toHaveLength(1)
    },
  )

  it('are requested after the last one if a page is full and has no link', async () => {
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

  it('are complete if a registry without pages has as many as requested', async () => {
    const registry = await server((_, response) => {
      sendJson(response, 200, { tags: numbered(1000) })
    })
    expect(await client().listTags(at(registry))).toHaveLength(1000)
    expect(registry.seen).toHaveLength(2)
  })

  it('are sorted and unique, whatever the registry returns', async () => {
    const registry = await server(paged(['b', 'a', 'B', 'a', 'v0.10', 'v0.9', 'b'], 3))
    expect(await client().listTags(at(registry))).toEqual(['B', 'a', 'b', 'v0.10', 'v0.9'])
  })

  it('with hostile names are left out', async () => {
    const hostile = ['../../x', 'a b', 'a\nb', '', '-a', 'x'.repeat(129), '${{ secrets.A }}', 'fine']
    const registry = await server(paged(hostile, 1000))
    expect(await client().listTags(at(registry))).toEqual(['fine'])
  })

  it.each([
    ['null', 200, { name: 'x', tags: null }],
    ['none', 200, { name: 'x', tags: [] }],
    ['no property', 200, { name: 'x' }],
    ['an unknown repository', 404, { errors: [{ code: 'NAME_UNKNOWN', message: 'unknown' }] }],
    ["Harbor's code for one", 404, { errors: [{ code: 'NOT_FOUND', message: 'repository not found' }] }],
  ])('are empty for %s', async (_, status, content) => {
    const registry = await server((_, response) => {
      sendJson(response, status, content)
    })
    expect(await client().listTags(at(registry))).toEqual([])
  })

  it('are requested again if the answer about a missing repository breaks off', async () => {
    const body = JSON.stringify({ errors: [{ code: 'NAME_UNKNOWN', message: 'unknown' }] })
    let broken = 2
    const registry = await server((_, response) => {
      response.writeHead(404, { 'content-type': 'application/json', 'content-length': body.length })
      if (broken-- > 0) response.write(body.slice(0, 9), () => response.destroy())
      else response.end(body)
    })
    const patient = client(undefined, undefined, { withRetries: quickRetry().run })
    expect(await patient.listTags(at(registry))).toEqual([])
    expect(registry.seen).toHaveLength(3)
  })

  it('may have the type of text, as in ECR', async () => {
    const registry = await server((_, response) =>
      response.writeHead(200, { 'content-type': 'text/plain' }).end('{"tags":["a"]}'),
    )
    expect(await client().listTags(at(registry))).toEqual(['a'])
  })

  it('take 10 requests for 10 000', async () => {
    const registry = await server(paged(numbered(10_000), 1000))
    expect(await client().listTags(at(registry))).toHaveLength(10_000)
    expect(registry.seen).toHaveLength(10)
  })

  it('are requested with credentials on every page', async () => {
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

  it('of a moved repository are read at the new address, without credentials', async () => {
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
  ])('%s is not requested', async (_, link, shown) => {
    const registry = await server(({ raw }, response) => {
      const headers = { link: `<${link(raw.headers.host ?? '')}>; rel="next"` }
      sendJson(response, 200, { tags: ['a'] }, headers)
    })
    const message = await sentence(client(withPassword).listTags(at(registry)))
    expect(message).toContain(`the request for the tags of aibrix/x with a next page at ${shown}`)
    expect(message).toContain('which is not followed')
    expect(registry.seen).toHaveLength(1)
  })

  it('is requested without the user and password in its address', async () => {
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
    'that cannot be read is an error: %s',
    async (link) => {
      const registry = await server((_, response) => {
        sendJson(response, 200, { tags: ['a'] }, { link })
      })
      expect(await sentence(client().listTags(at(registry)))).toContain('an unreadable link to the next page')
    },
  )

  it('that is missing is an error', async () => {
    const pages = paged(numbered(4), 2)
    const registry = await server((request, response) => {
      if (request.path.includes('cursor')) sendJson(response, 404, { errors: [{ code: 'NAME_UNKNOWN' }] })
      else pages(request, response)
    })
    expect(await sentence(client().listTags(at(registry)))).toContain('404 not found')
  })
})

describe('a list that never ends', () => {
  it('because it links to itself is an error', async () => {
    const registry = await server(({ path }, response) => {
      sendJson(response, 200, { tags: ['a'] }, { link: `<${path.replace('=1000', '=2')}>; rel="next"` })
    })
    expect(await sentence(client().listTags(at(registry)))).toBe(
      `the list of tags of ${registry.host}/aibrix/x links back to an earlier page; it is not used.`,
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
      'has more than 50000 tags, 8388608 bytes or 1000 pages, more than any real registry has',
    )
    expect(count).toBe(requests)
  })

  it('because one page has 100 MB is an error before all is read', async () => {
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
  it('because its rate limit is reached says to log in', async () => {
    const registry = await server((_, response) => {
      sendJson(response, 429, { detail: 'Rate limit exceeded', error: false })
    })
    const refused = `registry ${registry.host} refused the request for the tags of aibrix/x: 429 too many requests (Rate limit exceeded); its rate limit is reached`
    expect(await sentence(client().listTags(at(registry)))).toBe(`${refused}: log in, or try later.`)
    expect(await sentence(client(withPassword).listTags(at(registry)))).toBe(`${refused}, try later.`)
  })

  it.each([
    ['is forbidden', 403, { errors: [{ code: 'DENIED' }] }, '403 forbidden'],
    ['is nowhere', 404, { message: 'no route' }, '404 not found (no route)'],
    ['is broken', 503, {}, '503 service unavailable'],
    ['answers nonsense', 200, { tags: 'a' }, 'is not valid at tags'],
    ['answers numbers', 200, { tags: [1] }, 'is not valid at tags.0'],
  ])('because it %s is an error', async (_, status, content, expected) => {
    const registry = await server((_, response) => {
      sendJson(response, status, content)
    })
    expect(await sentence(client().listTags(at(registry)))).toContain(expected)
  })

  it('because it is a web server is an error', async () => {
    const registry = await server((_, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
    )
    expect(await sentence(client().listTags(at(registry)))).toContain('is not a registry')
  })
})
