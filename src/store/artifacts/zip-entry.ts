import { open } from 'node:fs/promises'
import { promisify } from 'node:util'
import { inflateRaw } from 'node:zlib'
import { UserError } from '../../errors.ts'

/** Signatures, lengths and positions of PKWARE's APPNOTE.TXT, 4.3.7, 4.3.12 and 4.3.16 */
const endRecord = { signature: 'PK\x05\x06', length: 22 }
const directoryRecord = { signature: 'PK\x01\x02', length: 46 }
const localRecord = { length: 30 }
/** A comment may follow the end record. */
const longestComment = 0xffff

/** Bytes of a list of files; that of a wheel has a few kB */
const directoryLimit = 16 * 1024 * 1024

/** @returns bytes of a file at a position; fewer at its end */
type ReadAt = (position: number, length: number) => Promise<Buffer>

/**
 * Reads one file of a zip archive without reading the others, which may take much memory.
 * @param isWanted gets each name; the first wanted file is read
 * @param limit bytes of the file; a longer one is an error
 * @returns undefined if there is none
 */
export async function readZipEntry(
  path: string,
  isWanted: (name: string) => boolean,
  limit: number,
): Promise<Buffer | undefined> {
  const file = await open(path)
  try {
    const read: ReadAt = async (position, length) => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position)
      return buffer.subarray(0, bytesRead)
    }
    const directory = await readDirectory(read, (await file.stat()).size)
    const record = findRecord(directory, isWanted)
    return record && (await readContent(read, record, limit))
  } finally {
    await file.close()
  }
}

async function readDirectory(read: ReadAt, size: number): Promise<Buffer> {
  const tail = await read(
    Math.max(0, size - longestComment - endRecord.length),
    longestComment + endRecord.length,
  )
  const end = tail.lastIndexOf(endRecord.signature, -1, 'latin1')
  if (end < 0 || end + endRecord.length > tail.length) throw new UserError('the wheel is not a zip archive')
  const length = tail.readUInt32LE(end + 12)
  if (length > directoryLimit) throw new UserError(`the wheel's list of files has ${length} bytes`)
  return read(tail.readUInt32LE(end + 16), length)
}

function findRecord(directory: Buffer, isWanted: (name: string) => boolean): Buffer | undefined {
  const { signature, length } = directoryRecord
  for (let at = 0; at + length <= directory.length;) {
    const record = directory.subarray(at)
    if (record.toString('latin1', 0, 4) !== signature)
      throw new UserError("the wheel's list of files is damaged")
    const nameEnd = length + record.readUInt16LE(28)
    if (isWanted(record.toString('utf8', length, nameEnd))) return record
    at += nameEnd + record.readUInt16LE(30) + record.readUInt16LE(32)
  }
  return undefined
}

async function readContent(read: ReadAt, record: Buffer, limit: number): Promise<Buffer> {
  const [method, compressed, size] = [
    record.readUInt16LE(10),
    record.readUInt32LE(20),
    record.readUInt32LE(24),
  ]
  if (Math.max(compressed, size) > limit) throw new UserError(`the wheel's metadata has ${size} bytes`)
  const start = record.readUInt32LE(42)
  const local = await read(start, localRecord.length)
  if (local.length < localRecord.length) throw new UserError('the wheel is truncated')
  const content = start + localRecord.length + local.readUInt16LE(26) + local.readUInt16LE(28)
  const bytes = await read(content, compressed)
  if (method === 0) return bytes
  if (method === 8) return promisify(inflateRaw)(bytes, { maxOutputLength: limit })
  throw new UserError(`the wheel's metadata is compressed by method ${method}`)
}
