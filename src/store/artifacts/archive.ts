import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { chmod, lstat, mkdir, readdir, symlink } from 'node:fs/promises'
import { isAbsolute, join, posix } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { Unpack } from 'tar'
import { sentenceOf, UserError } from '../../errors.ts'
import type { BlobFile } from '../../registry/index.ts'

/** Bytes of an unpacked artifact; UCX and a wheel for five architectures have a tenth of it */
const unpackedLimit = 1024 * 1024 * 1024

/** Files, folders and links in an artifact; UCX has a few hundred */
const maximumEntries = 10_000

/**
 * Bytes that are read at once. The larger they are, the longer they stay in memory after their use:
 * Node frees buffers with the small objects around them. (tar's default is 16 MiB of four files.)
 */
const portion = 16 * 1024

/** Packs a file with several names under each of them, so that archives have no hard links. */
class NoLinks extends Map<`${number}:${number}`, string> {
  override get(): undefined {
    return undefined
  }
}

/**
 * Packs a folder: the same bytes for the same names, contents, modes and links.
 * @param path of the archive, which is created or overwritten
 */
export async function packFolder(folder: string, path: string): Promise<BlobFile> {
  const { create } = await import('tar')
  const options = {
    cwd: folder,
    portable: true,
    mtime: new Date(0),
    noDirRecurse: true,
    strict: true,
    linkCache: new NoLinks(),
    jobs: 1,
    maxReadSize: portion,
  }
  const hash = createHash('sha256')
  let size = 0
  const counted = async function* (source: AsyncIterable<Buffer>) {
    for await (const chunk of source) {
      hash.update(chunk)
      size += chunk.length
      yield chunk
    }
  }
  const archive = Readable.from(create(options, await namesBelow(folder)))
  await pipeline(archive, createGzip(), counted, createWriteStream(path))
  return { path, size, digest: `sha256:${hash.digest('hex')}` }
}

async function namesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  // The dot in front keeps tar from reading a name with @ as an archive.
  return entries.map((entry) => `./${join(entry.parentPath, entry.name).slice(folder.length + 1)}`).sort()
}

/**
 * Unpacks an archive into a new folder, in which nothing leads out of it.
 * @param archive its path
 * @throws UserError for an archive that is invalid, too large, or has other entries than files,
 *   folders and links within it
 */
export async function unpackFolder(archive: string, folder: string): Promise<void> {
  const { extract } = await import('tar')
  await mkdir(folder, { mode: 0o755 })
  let problem: string | undefined
  let left = unpackedLimit
  let entries = 0
  const links = new Map<string, string>()
  const isWanted = (path: string, type: string, size: number, link: string): boolean => {
    left -= size
    entries += 1
    if (entries > maximumEntries) problem ??= `it has more than ${maximumEntries} files`
    else if (left < 0) problem ??= `it has more than ${unpackedLimit} bytes unpacked`
    else problem ??= entryProblem(path, type, link)
    // The rest is not even decompressed: a few MB can take minutes.
    if (problem !== undefined) unpacking.abort(new Error(problem))
    if (type === 'SymbolicLink') links.set(posix.normalize(path), link)
    return problem === undefined && type !== 'SymbolicLink'
  }
  const unpacking = extract({
    cwd: folder,
    strict: true,
    preserveOwner: false,
    filter: (path, entry) => 'type' in entry && isWanted(path, entry.type, entry.size, entry.linkpath ?? ''),
  })
  await feed(unpacking, archive, () => problem !== undefined).catch((error: unknown) => {
    problem ??= sentenceOf(error)
  })
  // Links are created last, so that no file is written through one.
  if (problem === undefined)
    await createLinks(folder, links).catch((error: unknown) => {
      problem = sentenceOf(error)
    })
  if (problem !== undefined) throw new UserError(`The archive can't be used: ${problem}.`)
}

async function feed(unpacking: Unpack, archive: string, isRefused: () => boolean): Promise<void> {
  const closed = new Promise<void>((done, fail) => {
    unpacking.on('error', fail).on('close', done)
  })
  // It may fail between two portions.
  closed.catch(() => undefined)
  const portions: AsyncIterable<Buffer> = createReadStream(archive, { highWaterMark: portion })
  for await (const each of portions) {
    if (isRefused()) break
    const drained = new Promise((done) => unpacking.once('drain', done))
    if (!unpacking.write(each)) await Promise.race([drained, closed])
  }
  unpacking.end()
  await closed
}

async function createLinks(folder: string, links: ReadonlyMap<string, string>): Promise<void> {
  for (const [path, target] of links) {
    if ([...links.keys()].some((other) => path.startsWith(`${other}/`)))
      throw new UserError(`${JSON.stringify(path.slice(0, 200))} is behind a link`)
    await mkdir(join(folder, posix.dirname(path)), { recursive: true })
    await symlink(target, join(folder, path))
  }
}

/** @returns why an entry is refused; undefined if it is not */
function entryProblem(path: string, type: string, link: string): string | undefined {
  const shown = JSON.stringify(path.slice(0, 200))
  const name = posix.normalize(path)
  if (isAbsolute(path) || name === '..' || name.startsWith('../'))
    return `it has a file outside of its folder, ${shown}`
  if (type === 'File' || type === 'OldFile' || type === 'Directory') return undefined
  if (type !== 'SymbolicLink') return `${shown} is neither a file, a folder nor a symbolic link`
  return leadsOut(name, link) ? `its link ${shown} leads out of its folder` : undefined
}

/** @param name path of the link in a folder @returns whether it leads out of that folder */
export function leadsOut(name: string, link: string): boolean {
  const target = posix.normalize(posix.join(posix.dirname(name), link))
  return isAbsolute(link) || target === '..' || target.startsWith('../')
}

/**
 * Sets the modes that a stage has, whatever the umask: everybody may read, and run what the owner
 * may run.
 */
export async function openModes(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() && !entry.isDirectory()) continue
    const path = join(entry.parentPath, entry.name)
    const mode = (await lstat(path)).mode & 0o7777
    const opened = entry.isDirectory() || (mode & 0o100) !== 0 ? 0o755 : 0o644
    if (mode !== opened) await chmod(path, opened)
  }
}
