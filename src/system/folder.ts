import { createHash } from 'node:crypto'
import { closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs'
import { join } from 'node:path'

/** A file, a link, or an empty folder, by its path below the folder: `opt/acme/run` */
export type FolderEntry = {
  path: string
  kind: 'file' | 'link' | 'directory'
  /** Permissions of a file, three octal digits: `755`; `-` for others */
  mode: string
  /** sha256 of a file's bytes or a link's target; `-` for others */
  content: string
  /** Of a file; 0 for others */
  bytes: number
}

/**
 * What a folder has. `strange`: paths of what is none of the three, such as sockets. `unreadable`: what
 * this user may not read, and names that are not UTF-8
 */
export type FolderContent = {
  entries: FolderEntry[]
  strange: string[]
  setId: string[]
  unreadable: string[]
}

/**
 * Reads a folder with all below it. Links are not followed.
 * @param digestOf reads a file
 * @returns undefined if there is no such folder
 */
export function readFolder(folder: string, digestOf = sha256OfFile): FolderContent | undefined {
  const found: FolderContent = { entries: [], strange: [], setId: [], unreadable: [] }
  if (!isFolder(folder)) return undefined
  const visit = (below: string): void => {
    const names = readdirSync(join(folder, below))
    if (names.length === 0 && below !== '') found.entries.push(entryOf(below, 'directory'))
    for (const name of names) attempt(below === '' ? name : `${below}/${name}`)
  }
  const attempt = (path: string): void => {
    try {
      read(path)
    } catch {
      found.unreadable.push(path)
    }
  }
  const read = (path: string): void => {
    const full = join(folder, path)
    const { mode, size, ...stat } = lstatOf(full)
    if (stat.kind === 'directory') visit(path)
    else if (stat.kind === 'other') found.strange.push(path)
    else if (stat.kind === 'link')
      found.entries.push({ ...entryOf(path, 'link'), content: sha256(readlinkSync(full, 'buffer')) })
    else {
      if ((mode & 0o7000) !== 0) found.setId.push(path)
      const permissions = (mode & 0o777).toString(8).padStart(3, '0')
      found.entries.push({ path, kind: 'file', mode: permissions, content: digestOf(full), bytes: size })
    }
  }
  visit('')
  found.entries.sort((left, right) => Buffer.compare(Buffer.from(left.path), Buffer.from(right.path)))
  return found
}

/**
 * @returns 64 hexadecimal digits over names, permissions and content of all entries; the same as
 *   dockerfiles/scripts/measure/extra.py computes of them in an image
 */
export function folderDigest(entries: readonly FolderEntry[]): string {
  return sha256(
    entries.map(({ kind, mode, content, path }) => `${kind} ${mode} ${content} ${path}\n`).join(''),
  )
}

function entryOf(path: string, kind: 'link' | 'directory'): FolderEntry {
  return { path, kind, mode: '-', content: '-', bytes: 0 }
}

function isFolder(path: string): boolean {
  try {
    readdirSync(path)
    return true
  } catch {
    return false
  }
}

function lstatOf(path: string) {
  const stat = lstatSync(path)
  const kind = stat.isDirectory()
    ? 'directory'
    : stat.isSymbolicLink()
      ? 'link'
      : stat.isFile()
        ? 'file'
        : 'other'
  return { kind, mode: stat.mode, size: stat.size } as const
}

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}

/** Reads in blocks, since a file may be larger than memory. */
function sha256OfFile(path: string): string {
  const hash = createHash('sha256')
  const block = Buffer.alloc(1 << 20)
  const file = openSync(path, 'r')
  try {
    for (;;) {
      const read = readSync(file, block)
      if (read === 0) return hash.digest('hex')
      hash.update(block.subarray(0, read))
    }
  } finally {
    closeSync(file)
  }
}
