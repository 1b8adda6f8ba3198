import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { type BuildEvent, createRawJsonParser } from '../../../src/buildkit/rawjson.ts'

const fixture = (name: string): Buffer => readFileSync(new URL(`fixtures/${name}.rawjson`, import.meta.url))

type Seen =
  Exclude<BuildEvent, { kind: 'output' }> | { kind: 'output'; step: string; stream: number; text: string }

function parse(chunks: Buffer[], limits: { documentLimit?: number; textLimit?: number } = {}): Seen[] {
  const events: Seen[] = []
  const parser = createRawJsonParser((event) => {
    if (event.kind !== 'output') events.push(event)
    else
      events.push({
        kind: 'output',
        step: event.step,
        stream: event.stream,
        text: event.data.toString('utf8'),
      })
  }, limits)
  for (const chunk of chunks) parser.write(chunk)
  parser.end()
  return events
}

const parseText = (text: string, limits = {}): Seen[] => parse([Buffer.from(text)], limits)

/** As newer buildx prints it: one document a line */
function compact(text: string): string {
  return text.replace(/^\{\n[\s\S]*?^\}$/gm, (document) => JSON.stringify(JSON.parse(document)))
}

describe('the progress of buildx', () => {
  it('is read from a failed build', () => {
    const events = parse([fixture('failed')])
    expect(events.filter((event) => event.kind === 'output').map((event) => event.text)).toEqual([
      'some\n',
      'ERROR: No matching distribution found for nixl==9.9.9\n',
    ])
    const last = events.findLast((event) => event.kind === 'step')
    expect(last).toMatchObject({ cached: false, started: Date.parse('2026-11-23T19:00:13.991Z') })
    expect(last?.error).toContain('exit code: 3')
    expect(events.at(-1)).toEqual({
      kind: 'text',
      text: expect.stringMatching(/^ERROR: failed to solve: process/) as unknown as string,
    })
  })

  it.each(['failed', 'repeated'])('is the same in the format of newer versions (%s)', (name) => {
    const text = fixture(name).toString('utf8')
    expect(compact(text)).not.toContain('{\n')
    expect(parseText(compact(text))).toEqual(parseText(text))
  })

  it.each([
    ['plain text', 'WARNING: x\n', [{ kind: 'text', text: 'WARNING: x' }]],
    [
      'text that begins like JSON',
      '{not json}\nafter\n',
      [
        { kind: 'text', text: '{not json}' },
        { kind: 'text', text: 'after' },
      ],
    ],
    [
      'other JSON',
      '[1]\n{"vertexes": 5}\n',
      [
        { kind: 'text', text: '[1]' },
        { kind: 'text', text: '{"vertexes": 5}' },
      ],
    ],
    ['an empty document', '{}\n', []],
    ['a warning', '{"warnings":[{"vertex":"a","short":"SGk="}]}\n', [{ kind: 'warning', text: 'Hi' }]],
    [
      'an incomplete document',
      '{\n  "logs": [\nERROR: x\n',
      [
        { kind: 'note', text: 'An incomplete progress message was skipped.' },
        { kind: 'text', text: 'ERROR: x' },
      ],
    ],
    [
      'a document that begins twice',
      '{\n  "logs": [\n{\n  "logs": []\n}\n',
      [{ kind: 'note', text: 'An incomplete progress message was skipped.' }],
    ],
    [
      'an invalid indented document',
      '{\n  nonsense\n}\nx\n',
      [
        { kind: 'note', text: 'An unreadable progress message was skipped.' },
        { kind: 'text', text: 'x' },
      ],
    ],
    [
      'an invalid time',
      '{"vertexes":[{"digest":"a","started":"soon"}]}\n',
      [{ kind: 'text', text: '{"vertexes":[{"digest":"a","started":"soon"}]}' }],
    ],
  ] as [string, string, Seen[]][])('%s', (_, text, expected) => {
    expect(parseText(text)).toEqual(expected)
  })

  it('skips a document over the limit with a note, and continues', () => {
    const large = `{\n  "logs": "${'x'.repeat(100)}"\n}\n`
    const note = {
      kind: 'note',
      text: expect.stringMatching(/^A progress message of \d+ bytes was skipped\.$/) as unknown as string,
    }
    expect(parseText(`${large}after\n`, { documentLimit: 60 })).toEqual([
      note,
      { kind: 'text', text: 'after' },
    ])
    expect(parseText(`{"logs":"${'x'.repeat(100)}"}\nafter\n`, { documentLimit: 60 })).toEqual([
      note,
      { kind: 'text', text: 'after' },
    ])
  })

  it('cuts an endless line and reports how much is missing', () => {
    expect(parseText('x'.repeat(5000), { documentLimit: 1000, textLimit: 10 })).toEqual([
      { kind: 'text', text: 'xxxxxxxxxx … (4990 bytes more)' },
    ])
  })

  it('gives the same events however the input is cut', () => {
    const whole = Buffer.from(`before\n${fixture('failed').toString('utf8')}`)
    const expected = parse([whole])
    fc.assert(
      fc.property(fc.array(fc.nat(whole.length - 1), { maxLength: 200 }), (at) => {
        const points = [...new Set([0, ...at, whole.length])].sort((a, b) => a - b)
        expect(parse(points.slice(1).map((end, index) => whole.subarray(points[index], end)))).toEqual(
          expected,
        )
      }),
      { numRuns: 50 },
    )
    expect(parse([...whole].map((byte) => Buffer.from([byte])))).toEqual(expected)
  })

  it('survives any input', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom('{', '}', '\n', '{\n', '\n}\n', '  "logs": [', '{"logs":[{}]}', '\r'),
      fc.json(),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        parseText(pieces.join(''), { documentLimit: 50, textLimit: 5 })
      }),
    )
  })
})
