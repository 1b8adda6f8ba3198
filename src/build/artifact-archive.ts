import { chmod, lstat, mkdir, readdir } from 'node:fs/promises'
import { isAbsolute, join, posix } from 'node:path'
import { UserError } from '../errors.ts'

/** Bytes of an artifact when it is unpacked; UCX and a wheel of five architectures have a tenth of it. */
const unpackedLimit = 1024 * 1024 * 1024

/** A file that has more names than one is packed under each, so that no archive of ours has hard links. */
class NoLinks extends Map<`${number}:${number}`, string> {
  override get(): undefined {
    return undefined
  }
}

/**
 * Packs what is below a folder.
 * @returns a compressed archive, the same bytes for the same names, contents, modes and links
 */
export async function packFolder(folder: string): Promise<Buffer> {
  const { create } = await import('tar')
  const options = {
    cwd: folder,
    gzip: { level: 9 },
    portable: true,
    mtime: new Date(0),
    noDirRecurse: true,
    strict: true,
    linkCache: new NoLinks(),
  }
  const chunks: Buffer[] = []
  for await (const chunk of create(options, await namesBelow(folder))) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function namesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  // With the dot in front, a name that begins with @ is not taken for an archive.
  return entries.map((entry) => `./${join(entry.parentPath, entry.name).slice(folder.length + 1)}`).sort()
}

/**
 * Unpacks an archive into a new folder, which has nothing in it afterwards that leads out of it. Files are as old as the
 * unpacking: BuildKit compares what it was sent before by name, size and time, and never by content.
 * @throws UserError for an archive that is broken, too large, or has more than files, folders and links within it
 */
export async function unpackFolder(archive: Buffer, folder: string): Promise<void> {
  const { extract } = await import('tar')
  await mkdir(folder, { mode: 0o755 })
  let problem: string | undefined
  let left = unpackedLimit
  const isGood = (path: string, type: string, size: number, link: string): boolean => {
    left -= size
    if (left < 0) problem ??= `it has more than ${unpackedLimit} bytes when it is unpacked`
    else problem ??= problemOf(path, type, link)
    return problem === undefined
  }
  const unpacking = extract({
    cwd: folder,
    strict: true,
    noMtime: true,
    preserveOwner: false,
    chmod: true,
    processUmask: 0,
    filter: (path, entry) => 'type' in entry && isGood(path, entry.type, entry.size, entry.linkpath ?? ''),
  })
  await new Promise<void>((done, fail) => {
    unpacking.on('error', fail).on('close', done)
    unpacking.end(archive)
  }).catch((error: unknown) => {
    problem ??= error instanceof Error ? error.message : String(error)
  })
  if (problem !== undefined) throw new UserError(`The archive can't be used: ${problem}.`)
  await openFolders(folder)
}

/** Why an entry has no place in an archive of ours; undefined if it has. */
function problemOf(path: string, type: string, link: string): string | undefined {
  const shown = JSON.stringify(path.slice(0, 200))
  const name = posix.normalize(path)
  if (isAbsolute(path) || name === '..' || name.startsWith('../'))
    return `it has a file outside of its folder, ${shown}`
  if (type === 'File' || type === 'OldFile' || type === 'Directory') return undefined
  if (type !== 'SymbolicLink') return `${shown} is neither a file, a folder nor a symbolic link`
  return leadsOut(name, link) ? `its link ${shown} leads out of its folder` : undefined
}

/** @param name path of a link in a folder @returns whether the link, as it is written, leads out of that folder */
export function leadsOut(name: string, link: string): boolean {
  const target = posix.normalize(posix.join(posix.dirname(name), link))
  return isAbsolute(link) || target === '..' || target.startsWith('../')
}

/** A folder that the archive does not list is made with the process' mask. */
async function openFolders(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isDirectory() && ((await lstat(path)).mode & 0o777) !== 0o755) await chmod(path, 0o755)
  }
}
