import { describe, expect, it } from '@jest/globals'
import { lstatSync, mkdirSync, mkdtempSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimesByContent } from '../../../src/buildkit/context-times.ts'

/** Creates a folder with a file of this content, written at this time (seconds since 1970). */
function folderWith(content: string, time = 1_700_000_000): { folder: string; file: string } {
  const folder = mkdtempSync(join(tmpdir(), 'image-action-times-'))
  mkdirSync(join(folder, 'refs'))
  const file = join(folder, 'refs', 'packed')
  writeFileSync(file, content)
  utimesSync(file, time, time)
  return { folder, file }
}

describe('setTimesByContent', () => {
  it('gives files of the same size and time with different contents different times', async () => {
    const [one, other] = [folderWith('build'), folderWith('patch')]
    await Promise.all([setTimesByContent(one.folder), setTimesByContent(other.folder)])
    expect(statSync(one.file).mtimeMs).not.toBe(statSync(other.file).mtimeMs)
  })

  it('gives files with the same content the same time', async () => {
    const [one, other] = [folderWith('build'), folderWith('build', 1_800_000_000)]
    await Promise.all([setTimesByContent(one.folder), setTimesByContent(other.folder)])
    expect(statSync(one.file).mtimeMs).toBe(statSync(other.file).mtimeMs)
  })

  it.each(['', 'a', 'b', 'c', 'ÿ'.repeat(100_000)])('sets no time in the future', async (content) => {
    const { folder, file } = folderWith(content)
    await setTimesByContent(folder)
    expect(statSync(file).mtimeMs).toBeLessThan(Date.UTC(2005))
    expect(statSync(file).mtimeMs).toBeGreaterThanOrEqual(0)
  })

  it('follows no link', async () => {
    const { folder } = folderWith('build')
    const elsewhere = folderWith('elsewhere')
    symlinkSync(elsewhere.file, join(folder, 'link'))
    await setTimesByContent(folder)
    expect(lstatSync(elsewhere.file).mtimeMs).toBe(1_700_000_000_000)
  })
})
