import { buffer } from 'node:stream/consumers'
import { openPromise } from 'yauzl'
import { UserError } from '../../errors.ts'

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
  const archive = await openPromise(path, { autoClose: false })
  try {
    for await (const entry of archive.eachEntry()) {
      if (!isWanted(entry.fileName)) continue
      if (entry.uncompressedSize > limit)
        throw new UserError(`${entry.fileName} has ${entry.uncompressedSize} bytes`)
      // It fails if there are more bytes than the archive says.
      return await buffer(await archive.openReadStreamPromise(entry))
    }
    return undefined
  } finally {
    archive.close()
  }
}
