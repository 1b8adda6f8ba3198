import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { nextLink } from '../../../src/registry/http/link.ts'

describe('a Link header', () => {
  it.each([
    ['', ''],
    ['</v2/x/tags/list?n=2&last=b>; rel="next"', '/v2/x/tags/list?n=2&last=b'],
    ['<https://x/y>;rel=next', 'https://x/y'],
    ['<a>; rel="prev", <b>; title="a, <c>; \\" d"; REL = "Next Last"', 'b'],
    ['<a>; rel=prev; rel=next', ''],
    ['<a,b>;; rel=next;', 'a,b'],
    ['<a>; crossorigin; rel=preconnect , <b>', 'b'],
    ['<a>, <b>; rel=next', 'b'],
    ['<a>; title="x; rel=prev"', 'a'],
    ['<>; rel=next', ''],
    ['<a>; rel="first last"', ''],
  ])('%s has the next page "%s"', (header, expected) => {
    expect(nextLink(header)).toBe(expected)
  })

  // Quay used to send the first one.
  it.each([
    '/v2/x; rel="next"',
    '<a; rel=next',
    'a>',
    '<a> b',
    '<a>; rel="next',
    '<<a>>; rel=next',
    '; rel=next',
  ])('%s cannot be read', (header) => {
    expect(nextLink(header)).toBeUndefined()
  })

  it('is read in one pass, whatever it holds', () => {
    const piece = fc.constantFrom('<', '>', ';', ',', '"', '\\', '=', ' ', '\t', 'rel', 'next', 'a', '\n')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 200 }), (pieces) => {
        const header = pieces.join('').repeat(50)
        const began = process.cpuUsage()
        const next = nextLink(header)
        if (next) expect(header).toContain(`<${next}>`)
        // CPU time, since other processes may slow the test down.
        expect(process.cpuUsage(began).user).toBeLessThan(300_000)
      }),
    )
  })

  it('has its first link to the next page as the next page', () => {
    const target = fc.webUrl({ withQueryParameters: true })
    const relation = fc.constantFrom('next', 'prev', 'first')
    fc.assert(
      fc.property(fc.array(fc.tuple(target, relation)), (links) => {
        const header = links.map(([url, rel]) => `<${url}>; rel="${rel}"`).join(', ')
        expect(nextLink(header)).toBe(links.find(([, rel]) => rel === 'next')?.[0] ?? '')
      }),
    )
  })
})
