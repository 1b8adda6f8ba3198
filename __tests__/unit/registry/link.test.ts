import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { parseLinks } from '../../../src/registry/http/link.ts'

describe('a Link header', () => {
  it.each([
    ['', []],
    ['</v2/x/tags/list?n=2&last=b>; rel="next"', [['/v2/x/tags/list?n=2&last=b', 'next']]],
    ['<https://x/y>;rel=next', [['https://x/y', 'next']]],
    [
      '<a>; rel="prev", <b>; title="a, <c>; \\" d"; REL = "Next Last"',
      [
        ['a', 'prev'],
        ['b', 'next', 'last'],
      ],
    ],
    ['<a>; rel=prev; rel=next', [['a', 'prev']]],
    ['<a,b>;; rel=next;', [['a,b', 'next']]],
    ['<a>; crossorigin; rel=preconnect , <b>', [['a', 'preconnect'], ['b']]],
    ['<>; rel=next', [['', 'next']]],
  ])('%s is understood', (header, expected) => {
    expect(parseLinks(header)?.map(({ target, relations }) => [target, ...relations])).toEqual(expected)
  })

  // quay wrote the first one for a while
  it.each(['/v2/x; rel="next"', '<a; rel=next', 'a>', '<a> b', '<a>; rel="next', '<<a>>; rel=next'])(
    '%s is not understood',
    (header) => {
      expect(parseLinks(header)).toBeUndefined()
    },
  )

  it('is read in one pass, whatever it is', () => {
    const piece = fc.constantFrom('<', '>', ';', ',', '"', '\\', '=', ' ', '\t', 'rel', 'next', 'a', '\n')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 200 }), (pieces) => {
        const header = pieces.join('').repeat(50)
        const began = process.cpuUsage()
        for (const { target } of parseLinks(header) ?? []) expect(header).toContain(`<${target}>`)
        // Of work, not of time: others may have the processor.
        expect(process.cpuUsage(began).user).toBeLessThan(300_000)
      }),
    )
  })

  it('gives back every target and relation that was written', () => {
    const target = fc.webUrl({ withQueryParameters: true })
    const relation = fc.constantFrom('next', 'prev', 'first')
    fc.assert(
      fc.property(fc.array(fc.tuple(target, relation)), (links) => {
        const header = links.map(([url, rel]) => `<${url}>; rel="${rel}"`).join(', ')
        expect(parseLinks(header)).toEqual(links.map(([url, rel]) => ({ target: url, relations: [rel] })))
      }),
    )
  })
})
