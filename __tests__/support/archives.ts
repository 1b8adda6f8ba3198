import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packFolder, unpackFolder } from '../../src/store/artifacts/archive.ts'

const newPath = (): string => join(mkdtempSync(join(tmpdir(), 'packed-')), 'archive')

/** @returns the bytes of a folder's archive */
export async function packed(folder: string): Promise<Buffer> {
  const { path } = await packFolder(folder, newPath())
  return readFileSync(path)
}

/** Unpacks the bytes of an archive into a new folder. */
export async function unpacked(archive: Buffer, folder: string): Promise<void> {
  const path = newPath()
  writeFileSync(path, archive)
  await unpackFolder(path, folder)
}
