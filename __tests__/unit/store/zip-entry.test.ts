import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { strToU8, type Zippable, zipSync } from 'fflate'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readZipEntry } from '../../../src/store/artifacts/zip-entry.ts'

const limit = 10_000
const text = 'Version: 1.0\n'.repeat(100)
const files: Zippable = {
  'a/x.py': strToU8('x'),
  'a.dist-info/METADATA': strToU8(text),
  'a/y.py': strToU8('y'),
}

function read(archive: Uint8Array): Promise<Buffer | undefined> {
  const path = join(mkdtempSync(join(tmpdir(), 'zip-')), 'a.whl')
  writeFileSync(path, archive)
  return readZipEntry(path, (name) => name.endsWith('METADATA'), limit)
}

describe('a file in a zip archive', () => {
  it.each([0, 6] as const)('is read, at compression level %i', async (level) => {
    expect((await read(zipSync(files, { level })))?.toString()).toBe(text)
  })

  it('is read if comments and other data are around it', async () => {
    const archive = zipSync(files, { comment: 'c', extra: { 4660: strToU8('extra') } })
    const comment = Buffer.from('a comment')
    archive.set([comment.length, 0], archive.length - 2)
    expect((await read(Buffer.concat([archive, comment])))?.toString()).toBe(text)
  })

  it('is undefined if there is none', async () => {
    expect(await read(zipSync({ 'a/x.py': strToU8('x') }))).toBeUndefined()
    expect(await read(zipSync({}))).toBeUndefined()
  })

  it('is an error if it is longer than the limit, whatever the archive says', async () => {
    const archive = Buffer.from(zipSync({ METADATA: new Uint8Array(limit + 1) }))
    await expect(read(archive)).rejects.toThrow(/has 10001 bytes/)
    const directory = archive.indexOf('PK\x01\x02', 0, 'latin1')
    archive.writeUInt32LE(5, directory + 24)
    await expect(read(archive)).rejects.toThrow(/too many bytes/)
  })

  it('is an error in what is not a zip archive', async () => {
    for (const text of ['<html>', ''])
      await expect(read(Buffer.from(text))).rejects.toThrow(/not found|invalid/i)
  })

  it('is an error or something else in a damaged one, and never waits', async () => {
    const whole = Buffer.from(zipSync(files))
    const damaged = fc.oneof(
      fc.nat(whole.length - 1).map((end) => whole.subarray(0, end)),
      fc.tuple(fc.nat(whole.length - 1), fc.nat(255)).map(([at, byte]) => {
        const copy = Buffer.from(whole)
        copy[at] = byte
        return copy
      }),
    )
    await fc.assert(
      fc.asyncProperty(damaged, async (bytes) => {
        const found = await read(bytes).catch(() => undefined)
        expect((found ?? []).length).toBeLessThanOrEqual(limit)
      }),
      { numRuns: 300 },
    )
  })
})
