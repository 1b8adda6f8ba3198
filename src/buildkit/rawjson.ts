import * as v from 'valibot'
import { createByteBuffer, createLineSplitter } from '../system/index.ts'
import { parsed } from '../json.ts'

/** What `docker buildx build --progress=rawjson` says. Times in milliseconds since 1970; `step` is BuildKit's vertex. */
export type BuildEvent =
  | {
      kind: 'step'
      step: string
      name: string
      started: number | undefined
      completed: number | undefined
      cached: boolean
      error: string | undefined
    }
  /** Part of what a step printed; a line may be cut anywhere. `data` is valid during the call only. */
  | { kind: 'output'; step: string; stream: number; data: Buffer }
  /** Progress inside a step: `pushing layers`, bytes or counts */
  | { kind: 'status'; step: string; text: string; current: number; total: number }
  | { kind: 'warning'; text: string }
  /** A line that is no JSON: what buildx or the docker CLI say themselves */
  | { kind: 'text'; text: string }
  /** What the parser has to say about input that it could not keep */
  | { kind: 'note'; text: string }

const time = v.nullish(
  v.pipe(
    v.string(),
    v.transform((text) => Date.parse(text)),
    v.number(),
  ),
)

/** BuildKit's client.SolveStatus, as far as it is used here; Go leaves out what is empty. */
const solveStatus = v.object({
  vertexes: v.nullish(
    v.array(
      v.object({
        digest: v.string(),
        name: v.nullish(v.string(), ''),
        started: time,
        completed: time,
        cached: v.nullish(v.boolean(), false),
        error: v.nullish(v.string()),
      }),
    ),
    [],
  ),
  statuses: v.nullish(
    v.array(
      v.object({
        id: v.nullish(v.string(), ''),
        vertex: v.nullish(v.string(), ''),
        current: v.nullish(v.number(), 0),
        total: v.nullish(v.number(), 0),
      }),
    ),
    [],
  ),
  logs: v.nullish(
    v.array(
      v.object({
        vertex: v.nullish(v.string(), ''),
        stream: v.nullish(v.number(), 1),
        data: v.nullish(v.string(), ''),
      }),
    ),
    [],
  ),
  warnings: v.nullish(v.array(v.object({ short: v.nullish(v.string(), '') })), []),
})

export type RawJsonParser = { write: (chunk: Buffer) => void; end: () => void }

const opening = Buffer.from('{')
const closing = Buffer.from('}')
const space = 0x20

/**
 * Reads the progress of buildx: indented JSON documents one after another (0.13) or one on a line (newer), and plain text
 * between and after them. Works on lines: a document starts with a line `{` and ends with a line `}`, so whatever broke it,
 * the next line that is not indented is read as what it is.
 * @param documentLimit bytes of a document, above which it is dropped and a note says so
 * @param textLimit bytes of a plain line that are kept
 */
export function createRawJsonParser(
  onEvent: (event: BuildEvent) => void,
  { documentLimit = 4 * 1024 * 1024, textLimit = 16 * 1024 } = {},
): RawJsonParser {
  const document = createByteBuffer(documentLimit)
  let inDocument = false

  const text = (line: Buffer, dropped: number): void => {
    const cut = Math.max(0, line.length - textLimit) + dropped
    const kept = line.subarray(0, textLimit).toString('utf8')
    onEvent({ kind: 'text', text: cut > 0 ? `${kept} … (${cut} bytes more)` : kept })
  }
  const finishDocument = (): void => {
    const { bytes, dropped } = document.take()
    if (dropped > 0)
      onEvent({ kind: 'note', text: `A progress message of ${bytes.length + dropped} bytes was left out.` })
    else if (!emitDocument(bytes.toString('utf8'), onEvent))
      onEvent({ kind: 'note', text: 'A progress message that could not be read was left out.' })
  }
  const splitter = createLineSplitter(documentLimit, (line, dropped) => {
    if (inDocument) {
      document.append(line)
      if (line[0] === space) return
      inDocument = false
      if (line.equals(closing)) {
        finishDocument()
        return
      }
      document.take()
      onEvent({ kind: 'note', text: 'A progress message that was not complete was left out.' })
    }
    if (line.equals(opening)) {
      inDocument = true
      document.append(line)
    } else if (line[0] !== opening[0]) text(line, dropped)
    else if (dropped > 0)
      onEvent({ kind: 'note', text: `A progress message of ${line.length + dropped} bytes was left out.` })
    else if (!emitDocument(line.toString('utf8'), onEvent)) text(line, dropped)
  })
  return { write: splitter.write, end: splitter.end }
}

/** @returns false if the text is not a SolveStatus */
function emitDocument(text: string, onEvent: (event: BuildEvent) => void): boolean {
  const status = parsed(solveStatus, text)
  if (status === undefined) return false
  const { vertexes, statuses, logs, warnings } = status
  for (const { digest, name, started, completed, cached, error } of vertexes)
    onEvent({
      kind: 'step',
      step: digest,
      name,
      started: started ?? undefined,
      completed: completed ?? undefined,
      cached,
      error: error ?? undefined,
    })
  for (const { id, vertex, current, total } of statuses)
    onEvent({ kind: 'status', step: vertex, text: id, current, total })
  for (const { vertex, stream, data } of logs)
    onEvent({ kind: 'output', step: vertex, stream, data: bytesOf(data) })
  for (const { short } of warnings) onEvent({ kind: 'warning', text: decode(short) })
  return true
}

const scratch = Buffer.allocUnsafe(64 * 1024)

/** One buffer for all: a new one for each piece of output would be garbage outside of the heap. */
function bytesOf(base64: string): Buffer {
  if (base64.length > scratch.length) return Buffer.from(base64, 'base64')
  return scratch.subarray(0, scratch.write(base64, 'base64'))
}

/** Go encodes byte arrays, which the texts of warnings are, as base64. */
function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8')
}
