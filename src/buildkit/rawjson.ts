import * as v from 'valibot'
import { createByteBuffer, createLineSplitter, type LineSplitter } from '../system/index.ts'
import { parsed } from '../json.ts'

/**
 * What `docker buildx build --progress=rawjson` reports. Times in milliseconds since 1970; `step`
 * is BuildKit's vertex.
 */
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
  /** Part of a step's output; a line may be cut anywhere. `data` is valid during the call only. */
  | { kind: 'output'; step: string; stream: number; data: Buffer }
  /** Progress inside a step: `pushing layers` */
  | { kind: 'status'; step: string; text: string }
  | { kind: 'warning'; text: string }
  /** A line that is not JSON: what buildx or the docker CLI print themselves */
  | { kind: 'text'; text: string }
  /** The parser's own message about input that it skipped */
  | { kind: 'note'; text: string }

const listOf = <Entries extends v.ObjectEntries>(entries: Entries) =>
  v.nullish(v.array(v.object(entries)), [])
const string = v.nullish(v.string(), '')
const time = v.pipe(
  v.nullish(v.string()),
  v.transform((text) => (text == null ? undefined : Date.parse(text))),
  v.optional(v.number()),
)

/** The fields of BuildKit's client.SolveStatus that are used here; Go leaves out what is empty. */
const solveStatus = v.object({
  vertexes: listOf({
    digest: v.string(),
    name: string,
    started: time,
    completed: time,
    cached: v.nullish(v.boolean(), false),
    error: v.nullish(v.string()),
  }),
  statuses: listOf({ id: string, vertex: string }),
  logs: listOf({ vertex: string, stream: v.nullish(v.number(), 1), data: string }),
  warnings: listOf({ short: string }),
})

const opening = Buffer.from('{')
const closing = Buffer.from('}')
const space = 0x20

/**
 * Reads the progress of buildx: indented JSON documents one after another (0.13) or one on a line
 * (newer), and plain text between and after them. A document starts with a line `{` and ends with a
 * line `}`, so whatever breaks it, the next line that is not indented is read correctly.
 * @param documentLimit bytes; a larger document is skipped with a note
 * @param textLimit bytes; a longer plain line is cut
 */
export function createRawJsonParser(
  onEvent: (event: BuildEvent) => void,
  { documentLimit = 4 * 1024 * 1024, textLimit = 16 * 1024 } = {},
): LineSplitter {
  const document = createByteBuffer(documentLimit)
  let inDocument = false

  const note = (text: string): void => {
    onEvent({ kind: 'note', text })
  }
  const text = (line: Buffer, dropped: number): void => {
    const cut = Math.max(0, line.length - textLimit) + dropped
    const kept = line.subarray(0, textLimit).toString('utf8')
    onEvent({ kind: 'text', text: cut > 0 ? `${kept} … (${cut} bytes more)` : kept })
  }
  const finishDocument = (): void => {
    const { bytes, dropped } = document.take()
    if (dropped > 0) note(`A progress message of ${bytes.length + dropped} bytes was skipped.`)
    else if (!emitDocument(bytes, onEvent)) note('An unreadable progress message was skipped.')
  }
  return createLineSplitter(documentLimit, (line, dropped) => {
    if (inDocument) {
      document.append(line)
      if (line[0] === space) return
      inDocument = false
      if (line.equals(closing)) {
        finishDocument()
        return
      }
      document.take()
      note('An incomplete progress message was skipped.')
    }
    if (line.equals(opening)) {
      inDocument = true
      document.append(line)
    } else if (line[0] !== opening[0]) text(line, dropped)
    else if (dropped > 0) note(`A progress message of ${line.length + dropped} bytes was skipped.`)
    else if (!emitDocument(line, onEvent)) text(line, dropped)
  })
}

/** @returns false if the bytes are not a SolveStatus */
function emitDocument(bytes: Buffer, onEvent: (event: BuildEvent) => void): boolean {
  const document = parsed(solveStatus, bytes.toString('utf8'))
  if (document === undefined) return false
  const { vertexes, statuses, logs, warnings } = document
  for (const { digest, name, started, completed, cached, error } of vertexes)
    onEvent({ kind: 'step', step: digest, name, started, completed, cached, error: error ?? undefined })
  for (const { id, vertex } of statuses) onEvent({ kind: 'status', step: vertex, text: id })
  for (const { vertex, stream, data } of logs)
    onEvent({ kind: 'output', step: vertex, stream, data: bytesOf(data) })
  for (const { short } of warnings) onEvent({ kind: 'warning', text: bytesOf(short).toString('utf8') })
  return true
}

const scratch = Buffer.allocUnsafe(64 * 1024)

/**
 * Go encodes byte arrays, such as output and the texts of warnings, as base64. All share one
 * buffer: a new one for each piece of output would be garbage outside of the heap.
 */
function bytesOf(base64: string): Buffer {
  if (base64.length > scratch.length) return Buffer.from(base64, 'base64')
  return scratch.subarray(0, scratch.write(base64, 'base64'))
}
