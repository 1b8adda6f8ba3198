import { describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { folderDigest, readFolder } from '../../../src/system/folder.ts'

function folderWith(files: Record<string, [content: string, mode?: number]>): string {
  const folder = mkdtempSync(join(tmpdir(), 'folder-'))
  for (const [path, [content, mode = 0o644]] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content)
    chmodSync(join(folder, path), mode)
  }
  return folder
}

const digestOf = (folder: string): string => folderDigest(readFolder(folder)?.entries ?? [])

describe('the digest of a folder', () => {
  it('is the same as the one that is measured in an image', () => {
    // As in __tests__/python/test_extra.py
    const folder = folderWith({
      'b/run': ['#!/bin/sh\n', 0o755],
      a: ['one'],
      ﬀ: ['ligature'],
      '😀': ['astral'],
    })
    symlinkSync('a', join(folder, 'link'))
    mkdirSync(join(folder, 'empty'))
    expect(digestOf(folder)).toBe('d1bcaed59dafaf68451448a59c58a687f95f9bc36a74b2f4e2c84688ed34d105')
  })

  const plain = () => folderWith({ 'opt/a': ['one'], 'opt/b': ['two'] })

  it.each<[string, (folder: string) => void]>([
    [
      'the bytes of a file',
      (folder) => {
        writeFileSync(join(folder, 'opt/a'), 'two')
      },
    ],
    [
      'the permissions of a file',
      (folder) => {
        chmodSync(join(folder, 'opt/a'), 0o755)
      },
    ],
    [
      'another file',
      (folder) => {
        writeFileSync(join(folder, 'c'), '')
      },
    ],
    [
      'a link',
      (folder) => {
        symlinkSync('a', join(folder, 'opt/c'))
      },
    ],
    [
      'an empty folder',
      (folder) => {
        mkdirSync(join(folder, 'opt/c'))
      },
    ],
  ])('changes with %s', (_, change) => {
    const folder = plain()
    const before = digestOf(folder)
    change(folder)
    expect(digestOf(folder)).not.toBe(before)
  })

  it('does not depend on place, times, or permissions of folders', () => {
    const [one, other] = [plain(), plain()]
    chmodSync(join(other, 'opt'), 0o700)
    expect(digestOf(other)).toBe(digestOf(one))
  })
})

describe('a folder', () => {
  it('names what is neither a file nor a link, and what has a set-id bit', () => {
    const folder = folderWith({ a: ['one', 0o4755], b: ['two'] })
    execFileSync('mkfifo', [join(folder, 'pipe')])
    expect(readFolder(folder)).toMatchObject({ strange: ['pipe'], setId: ['a'] })
  })

  it('names what cannot be read, also a name that is not UTF-8', () => {
    const folder = folderWith({ a: ['one'], gone: ['two'] })
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/b`), Buffer.of(0xff)]), '')
    const read = (path: string): Buffer => {
      if (path.endsWith('gone')) throw new Error('EACCES: permission denied')
      return readFileSync(path)
    }
    const found = readFolder(folder, (path) => read(path).toString('hex'))
    expect(found).toMatchObject({ unreadable: ['b\ufffd', 'gone'] })
    expect(found?.entries.map(({ path }) => path)).toEqual(['a'])
  })

  it('has the bytes of a link that are not UTF-8 in its digest', () => {
    const digests = [0xfe, 0xff].map((byte) => {
      const folder = folderWith({})
      symlinkSync(Buffer.of(byte), join(folder, 'link'))
      return digestOf(folder)
    })
    expect(new Set(digests).size).toBe(2)
  })

  it('is undefined where there is none', () => {
    const folder = folderWith({ a: ['one'] })
    expect([readFolder(join(folder, 'a')), readFolder(join(folder, 'none'))]).toEqual([undefined, undefined])
  })
})
