import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { ImageOutcome } from '../../../src/report/outcome.ts'
import { updateReleaseNotes } from '../../../src/report/release-notes.ts'
import { makeLeg } from '../../support/verified-leg.ts'
import {
  digest,
  makeFailure,
  makeOutcome,
  makePlannedImage,
  published,
  sglang,
} from '../../support/reports.ts'

const begin = '<!-- image-action: components -->'
const end = '<!-- /image-action: components -->'
const vllm = makeOutcome()
const sglangOutcome = makeOutcome(published, [], makePlannedImage(sglang()))

const vllmRow = `| <code>aibrix/vllm-openai:v0.21.0-aibrix-v0.7.0-nixl-0.7.1-20251123</code> | linux/amd64 | v0.21.0 | 13.0 | 2.11.0+cu130 | 3.12.12 | v0.7.0+cu130 | 0.7.1 / cu13 | 1.19.0 | <code>${digest}</code> |`

function rowsIn(body: string): string[] {
  return body.split(/\r?\n/).filter((line) => line.startsWith('| <code>'))
}

/** The text outside the markers, found in another way than by the code under test. */
function outside(body: string): string {
  const parts: string[] = []
  let text = ''
  let block: string | undefined
  for (const line of body.split(/(?<=\n)/)) {
    const bare = line.replace(/[ \t]*(?:\r?\n)?$/, '')
    if (bare === begin) {
      text += block ?? ''
      block = line
    } else if (bare === end && block !== undefined) {
      parts.push(text)
      text = /\r?\n$/.exec(line)?.[0] ?? ''
      block = undefined
    } else if (block !== undefined) block += line
    else text += line
  }
  return [...parts, text + (block ?? '')].join('')
}

describe('the notes of a release', () => {
  it('get the table at their end, after a blank line', () => {
    const body = updateReleaseNotes('# AIBrix v0.7.0', [vllm])
    expect(body).toBe(
      [
        '# AIBrix v0.7.0',
        '',
        begin,
        '',
        '### Images, as measured',
        '',
        '| Image | Platform | Engine version | CUDA | Torch version | Python | aibrix_kvcache | NIXL / CUDA plugin | UCX | Digest |',
        '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
        vllmRow,
        '',
        end,
      ].join('\n'),
    )
  })

  it('get the table at the markers, and keep everything around it', () => {
    const body = updateReleaseNotes(`before\n\n${begin}\nold text\n${end}\n\nafter  \n`, [vllm])
    expect(body.startsWith(`before\n\n${begin}\n\n### Images`)).toBe(true)
    expect(body.endsWith(`${vllmRow}\n\n${end}\n\nafter  \n`)).toBe(true)
    expect(body).not.toContain('old text')
  })

  it('keep the line ends that they have', () => {
    const body = updateReleaseNotes(`one\r\n\r\n${begin}\r\n${end}\r\ntwo\r\n`, [vllm])
    expect(body.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
    expect(updateReleaseNotes('one\r\n', [vllm])).toMatch(/^one\r\n\r\n<!-- image-action/)
    expect(updateReleaseNotes('', [vllm]).startsWith(begin)).toBe(true)
  })

  it('keep the rows of other workflow runs, in one order whichever came first', () => {
    const one = updateReleaseNotes(updateReleaseNotes('notes', [vllm]), [sglangOutcome])
    const other = updateReleaseNotes(updateReleaseNotes('notes', [sglangOutcome]), [vllm])
    expect(one).toBe(other)
    expect(rowsIn(one)).toHaveLength(2)
    expect(one).toBe(updateReleaseNotes('notes', [vllm, sglangOutcome]))
  })

  it('sort versions as numbers', () => {
    const outcomes = ['v0.10.2', 'v0.9.1'].map((tag) =>
      makeOutcome(published, [], makePlannedImage(makeLeg({ version: { tag, release: tag.slice(1) } }))),
    )
    expect(rowsIn(updateReleaseNotes('', outcomes)).map((row) => /:(v[\d.]+)-/.exec(row)?.[1])).toEqual([
      'v0.9.1',
      'v0.10.2',
    ])
  })

  it('have a row for each platform, under the first tag of the image', () => {
    const image = makePlannedImage(makeLeg(), ['linux/amd64', 'linux/arm64'], { tags: ['v1-20251123', 'v1'] })
    const rows = rowsIn(updateReleaseNotes('', [makeOutcome(published, [], image)]))
    expect(rows.map((row) => row.split(' | ').slice(0, 2))).toEqual([
      ['| <code>aibrix/vllm-openai:v1-20251123</code>', 'linux/amd64'],
      ['| <code>aibrix/vllm-openai:v1-20251123</code>', 'linux/arm64'],
    ])
  })

  it('lose the rows of a tag that names another image now', () => {
    const image = makePlannedImage(makeLeg(), ['linux/amd64', 'linux/arm64'])
    const first = updateReleaseNotes('', [makeOutcome(published, [], image)])
    const moved = makeOutcome({ state: 'published', digest: 'sha256:new' })
    const rows = rowsIn(updateReleaseNotes(first, [moved]))
    expect(rows).toEqual([vllmRow.replace(digest, 'sha256:new')])
  })

  it.each<[string, ImageOutcome[]]>([
    ['nothing', []],
    ['a failure', [makeFailure('x')]],
    ['an image without a public tag', [makeOutcome({ state: 'staged' })]],
    [
      'an image that lost its report',
      [makeOutcome({ state: 'unchanged', digest }, [{ state: 'staged', report: undefined }])],
    ],
  ])('stay unchanged after a run with %s', (_, outcomes) => {
    for (const body of ['', 'notes\r\n', `${begin}\n${vllmRow}\n${end}`])
      expect(updateReleaseNotes(body, outcomes)).toBe(body)
  })

  it.each<[string, string, string]>([
    ['a lone begin marker', `a\n${begin}\nb\n`, `a\n${begin}\nb\n\n`],
    ['a lone end marker', `a\n${end}\nb\n`, `a\n${end}\nb\n\n`],
    ['markers in the wrong order', `${end}\n${begin}\n`, `${end}\n${begin}\n\n`],
    [
      'markers in a sentence',
      `Between ${begin} and ${end} it is ours.\n`,
      `Between ${begin} and ${end} it is ours.\n\n`,
    ],
  ])('read %s as text, and get the table at their end', (_, body, start) => {
    const once = updateReleaseNotes(body, [vllm])
    expect(once.startsWith(`${start}${begin}\n\n### Images`)).toBe(true)
    expect(updateReleaseNotes(once, [vllm])).toBe(once)
  })

  it('use the later of two begin markers', () => {
    const body = updateReleaseNotes(`${begin}\nkept\n${begin}\ngone\n${end}\n`, [vllm])
    expect(body.startsWith(`${begin}\nkept\n${begin}\n\n### Images`)).toBe(true)
    expect(body).not.toContain('gone')
  })

  it('with two blocks get the rows of both into the first', () => {
    const block = (outcome: ImageOutcome) => updateReleaseNotes('', [outcome])
    const other = makeOutcome(published, [], makePlannedImage(makeLeg({ nixl: '0.8.0' })))
    const body = updateReleaseNotes(`a\n${block(vllm)}\nb\n${block(sglangOutcome)}\nc\n`, [other])
    expect(rowsIn(body)).toHaveLength(3)
    expect(body.split(begin)).toHaveLength(2)
    expect(body).toMatch(new RegExp(`^a\\n${begin}[^]*${end}\\nb\\n\\nc\\n$`))
  })

  it('show foreign rows as they were written, with as many cells as the table has', () => {
    const foreign = '| <code>ghcr.io/x/y:1</code> | linux/amd64 | v9 |'
    const body = updateReleaseNotes(`${begin}\n${foreign}\n| no code | x |\n${end}`, [vllm])
    expect(rowsIn(body).map((row) => row.split(' | ').length)).toEqual([10, 10])
    expect(body).toContain('| <code>ghcr.io/x/y:1</code> | linux/amd64 | v9 |')
    expect(body).not.toContain('no code')
  })

  it('are refused if GitHub would reject them', () => {
    const room = 125_000 - updateReleaseNotes('', [vllm]).length - 2
    expect(updateReleaseNotes('x'.repeat(room), [vllm])).toHaveLength(125_000)
    expect(() => updateReleaseNotes('x'.repeat(room + 1), [vllm])).toThrow(
      /125001 characters .* at most 125000; shorten them, or remove rows/,
    )
  })

  it('stay the same when updated again, and lose nothing outside the markers', () => {
    const lines = [begin, end, `${begin}  `, ` ${end}`, vllmRow, '| a |', '```', '', 'text']
    const piece = fc.oneof(
      fc
        .tuple(fc.constantFrom(...lines), fc.constantFrom('\n', '\r\n', '\n', '', '\r', '\u2028'))
        .map((pair) => pair.join('')),
      fc.string({ unit: 'binary', maxLength: 20 }),
    )
    const bodies = fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join(''))
    const outcomes = fc.constantFrom([vllm], [sglangOutcome], [vllm, sglangOutcome])
    fc.assert(
      fc.property(bodies, outcomes, (body, some) => {
        const once = updateReleaseNotes(body, some)
        expect(updateReleaseNotes(once, some)).toBe(once)
        expect(rowsIn(once).filter((row) => row === vllmRow).length).toBeLessThanOrEqual(
          rowsIn(outside(body)).filter((row) => row === vllmRow).length + 1,
        )
        const kept = outside(once)
        expect(kept.startsWith(outside(body))).toBe(true)
        expect(kept.slice(outside(body).length)).toMatch(/^[\r\n]*$/)
      }),
      { numRuns: 1000 },
    )
  })
})
