import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { Header } from 'tar'
import { openModes, packFolder } from '../../../src/store/artifacts/archive.ts'
import { digestOf } from '../../../src/registry/content/digest.ts'
import { packed, unpacked } from '../../support/archives.ts'

function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'archive-'))
}

/**
 * The prefix of UCX, as far as it matters: programs, libraries with links between their versions.
 */
function aPrefix(): string {
  const folder = newFolder()
  mkdirSync(join(folder, 'content/lib/ucx'), { recursive: true })
  mkdirSync(join(folder, 'content/bin'))
  writeFileSync(join(folder, 'content/bin/ucx_info'), 'program', { mode: 0o755 })
  writeFileSync(join(folder, 'content/lib/libucp.so.0.0.0'), 'library', { mode: 0o644 })
  symlinkSync('libucp.so.0.0.0', join(folder, 'content/lib/libucp.so.0'))
  symlinkSync('../libucp.so.0', join(folder, 'content/lib/ucx/up'))
  linkSync(join(folder, 'content/bin/ucx_info'), join(folder, 'content/bin/@other name'))
  return folder
}

/** @returns each path with its mode and what is in it */
function listed(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const path = join(folder, name)
      const found = lstatSync(path)
      if (found.isSymbolicLink()) return `${name} -> ${readlinkSync(path)}`
      const mode = (found.mode & 0o7777).toString(8)
      return found.isDirectory() ? `${name}/ ${mode}` : `${name} ${mode} ${readFileSync(path, 'utf8')}`
    })
}

async function roundTrip(folder: string): Promise<string> {
  const target = join(newFolder(), 'new')
  await unpacked(await packed(folder), target)
  return target
}

describe('a folder', () => {
  it('is the same after packing and unpacking: modes, links and files with two names', async () => {
    const folder = aPrefix()
    const found = listed(await roundTrip(folder))
    expect(found).toEqual(listed(folder))
    expect(found).toHaveLength(9)
  })

  it('has the modes of a stage, whatever the umask', async () => {
    const folder = aPrefix()
    const mask = process.umask(0o077)
    const target = await roundTrip(folder).finally(() => process.umask(mask))
    expect(listed(target)).toContain('content/bin/ucx_info 700 program')
    await openModes(target)
    expect(listed(target)).toEqual(listed(folder))
    expect((lstatSync(target).mode & 0o777).toString(8)).toBe('755')
  })

  it('gives the same bytes whenever and by whomever it was created, and other bytes for other content', async () => {
    const [one, other] = [aPrefix(), aPrefix()]
    utimesSync(join(other, 'content/bin/ucx_info'), 1, 1)
    chmodSync(join(other, 'content'), 0o775)
    expect((await packed(one)).equals(await packed(other))).toBe(true)
    writeFileSync(join(other, 'content/bin/ucx_info'), 'PROGRAM')
    expect((await packed(one)).equals(await packed(other))).toBe(false)
  })
})

describe('an archive', () => {
  it('has the size and the digest of its file', async () => {
    const path = join(newFolder(), 'archive')
    const { size, digest } = await packFolder(aPrefix(), path)
    const bytes = readFileSync(path)
    expect({ size, digest }).toEqual({ size: bytes.length, digest: digestOf(bytes) })
  })
})

type Entry = {
  path: string
  type?: 'File' | 'SymbolicLink' | 'Link' | 'CharacterDevice' | 'FIFO'
  linkpath?: string
  size?: number
}

/** An archive that no sane program makes. */
function archiveOf(...entries: Entry[]): Buffer {
  const blocks = entries.map(({ path, type = 'File', linkpath = '', size = 4 }) => {
    const header = new Header({ path, type, linkpath, size: type === 'File' ? size : 0, mode: 0o644 })
    const block = Buffer.alloc(512)
    header.encode(block, 0)
    return type === 'File' && size > 0 ? Buffer.concat([block, Buffer.from('evil'.padEnd(512, '\0'))]) : block
  })
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]))
}

describe('a hostile archive', () => {
  it.each<[string, RegExp, Entry[]]>([
    ['a path that leads up', /outside of its folder, "\.\.\/x"/, [{ path: '../x' }]],
    ['one that leads up in its middle', /outside of its folder/, [{ path: 'a/../../x' }]],
    ['an absolute path', /outside of its folder/, [{ path: '/x' }]],
    [
      'a link that leads up',
      /"a\/l" leads out/,
      [{ path: 'a/l', type: 'SymbolicLink', linkpath: '../../x' }],
    ],
    ['an absolute link', /"l" leads out/, [{ path: 'l', type: 'SymbolicLink', linkpath: '/etc/passwd' }]],
    ['a hard link', /neither a file/, [{ path: 'a' }, { path: 'l', type: 'Link', linkpath: 'a' }]],
    ['a device', /neither a file/, [{ path: 'd', type: 'CharacterDevice' }]],
    ['a pipe', /neither a file/, [{ path: 'p', type: 'FIFO' }]],
    [
      'a link behind a link, which leads out from where it really is',
      /"d\/e\/l" is behind a link/,
      [
        { path: 'd', type: 'SymbolicLink', linkpath: '.' },
        { path: 'd/e/l', type: 'SymbolicLink', linkpath: '../../x' },
      ],
    ],
    [
      'a file and a link of one name',
      /EEXIST/,
      [{ path: 'a' }, { path: 'a', type: 'SymbolicLink', linkpath: 'b' }],
    ],
    [
      'a file behind a link',
      /./,
      [{ path: 'l', type: 'SymbolicLink', linkpath: '.' }, { path: 'l/../../x' }],
    ],
    [
      'more files than there is room for',
      /more than 10000 files/,
      Array.from({ length: 10_001 }, (_, number) => ({
        path: `${number}`,
        type: 'SymbolicLink',
        linkpath: 'x',
      })),
    ],
    ['too many bytes', /more than 1073741824 bytes/, [{ path: 'x', size: 2 ** 31 }]],
  ])('with %s is refused, and nothing is outside of its folder', async (_, message, entries) => {
    const parent = newFolder()
    await expect(unpacked(archiveOf(...entries), join(parent, 'new'))).rejects.toThrow(message)
    expect(readdirSync(parent)).toEqual(['new'])
    expect(existsSync('/x')).toBe(false)
  })

  it('that is not an archive is refused', async () => {
    const folder = join(newFolder(), 'new')
    await expect(unpacked(Buffer.from('<html>not found</html>'), folder)).rejects.toThrow(
      /Unrecognized archive/,
    )
  })

  it('can be read if it is not hostile', async () => {
    const folder = join(newFolder(), 'new')
    await unpacked(archiveOf({ path: 'a/b' }, { path: 'l', type: 'SymbolicLink', linkpath: 'a/b' }), folder)
    expect(listed(folder)).toEqual(['a/ 755', 'a/b 644 evil', 'l -> a/b'])
  })

  it('that is truncated or damaged anywhere is refused, or gives what was packed', async () => {
    const folder = aPrefix()
    const whole = await packed(folder)
    const raw = gunzipSync(whole)
    const damaged = fc.oneof(
      fc.nat(whole.length - 1).map((end) => whole.subarray(0, end)),
      fc.tuple(fc.nat(raw.length - 1), fc.nat(255)).map(([at, byte]) => {
        const copy = Buffer.from(raw)
        copy[at] = byte
        return gzipSync(copy)
      }),
    )
    await fc.assert(
      fc.asyncProperty(damaged, async (bytes) => {
        const parent = newFolder()
        await unpacked(bytes, join(parent, 'new')).catch((error: unknown) => {
          expect(error).toMatchObject({ name: 'UserError' })
        })
        expect(readdirSync(parent)).toEqual(['new'])
      }),
      { numRuns: 60 },
    )
  })
})
