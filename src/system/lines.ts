/** Gets a line without its line end, valid during the call only; `dropped` bytes were cut off. */
export type OnLine = (line: Buffer, dropped: number) => void

export type LineSplitter = {
  write: (chunk: Buffer) => void
  /** Passes on the last line if it had no line end. */
  end: () => void
}

const newline = 0x0a
const carriageReturn = 0x0d
const smallBuffer = 64 * 1024

/**
 * Splits chunks into lines (`\n` or `\r\n`) with at most about `limit` bytes of memory, for any
 * input.
 * @param limit bytes of a line that are kept; further ones are dropped and counted
 */
export function createLineSplitter(limit: number, onLine: OnLine): LineSplitter {
  const pending = createByteBuffer(limit)
  const finish = (): void => {
    const { bytes, dropped } = pending.take()
    onLine(withoutReturn(bytes), dropped)
  }
  return {
    write(chunk) {
      let start = 0
      for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
        const part = chunk.subarray(start, end)
        if (pending.isEmpty() && part.length <= limit) onLine(withoutReturn(part), 0)
        else {
          pending.append(part)
          finish()
        }
        start = end + 1
      }
      if (start < chunk.length) pending.append(chunk.subarray(start))
    },
    end() {
      if (!pending.isEmpty()) finish()
    },
  }
}

export type ByteBuffer = {
  append: (part: Uint8Array) => void
  isEmpty: () => boolean
  /** @returns the bytes, valid until the next `append`, and how many were over the limit */
  take: () => { bytes: Buffer; dropped: number }
}

/**
 * Joins bytes by copying: keeping the chunks would cost an object each, and a line may arrive byte
 * by byte.
 * @param limit bytes that are kept
 */
export function createByteBuffer(limit: number): ByteBuffer {
  let buffer = Buffer.allocUnsafe(0)
  let length = 0
  let dropped = 0
  return {
    append(part) {
      const kept = Math.min(part.length, limit - length)
      dropped += part.length - kept
      if (length + kept > buffer.length) {
        const larger = Buffer.allocUnsafe(Math.min(limit, Math.max(2 * buffer.length, length + kept, 1024)))
        buffer.copy(larger, 0, 0, length)
        buffer = larger
      }
      buffer.set(part.subarray(0, kept), length)
      length += kept
    },
    isEmpty: () => length === 0 && dropped === 0,
    take() {
      const result = { bytes: buffer.subarray(0, length), dropped }
      if (buffer.length > smallBuffer) buffer = Buffer.allocUnsafe(0)
      length = 0
      dropped = 0
      return result
    },
  }
}

function withoutReturn(line: Buffer): Buffer {
  return line.length > 0 && line[line.length - 1] === carriageReturn ? line.subarray(0, -1) : line
}
