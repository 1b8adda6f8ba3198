import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { refOf } from './source-fetch.ts'
import type { PinnedSource } from '../plan/index.ts'
import type { RunGit } from '../system/index.ts'

/** @returns commits at which the history is cut */
export function shallowCommits(repository: string): string[] {
  const file = join(repository, 'shallow')
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
  return lines.filter((line) => line !== '')
}

/** Writes one pack and one file of refs, independent of when, where and how they were fetched. */
export async function writeRepository(
  gitIn: RunGit,
  fetched: string,
  repository: string,
  source: PinnedSource,
): Promise<void> {
  const refs = await refsOf(gitIn, source)
  const packs = join(repository, 'objects', 'pack')
  mkdirSync(packs, { recursive: true })
  mkdirSync(join(repository, 'refs'))
  await gitIn([...packConfiguration, 'pack-objects', ...packOptions, join(packs, 'pack')], {
    input: await objectsOf(gitIn, refs, source),
  })
  const head = source.kind === 'tag' ? 'refs/heads/source' : refOf(source)
  writeFileSync(join(repository, 'HEAD'), `ref: ${head}\n`)
  writeFileSync(join(repository, 'config'), '[core]\n\trepositoryformatversion = 0\n\tbare = true\n')
  const lines = refs.map(({ object, name }) => `${object} ${name}\n`)
  writeFileSync(join(repository, 'packed-refs'), `# pack-refs with: sorted \n${lines.join('')}`)
  const commits = new Set((await gitIn(['rev-list', source.commit])).split('\n'))
  const ends = shallowCommits(fetched).filter((commit) => commits.has(commit))
  if (ends.length > 0) writeFileSync(join(repository, 'shallow'), `${ends.sort().join('\n')}\n`)
  setModes(repository)
}

/**
 * Lists the files of the pinned commit. Of its history there are the commits and tags alone, since a
 * version is counted from no more: checkout.py reads this repository in place, for a fetch would
 * miss the rest.
 */
async function objectsOf(gitIn: RunGit, refs: readonly Ref[], { commit }: PinnedSource): Promise<string> {
  const names = refs.map(({ object }) => object)
  const history = await gitIn(['rev-list', '--objects', '--filter=tree:0', '--no-object-names', ...names])
  return history + (await gitIn(['rev-list', '--objects', '--no-object-names', `${commit}^{tree}`]))
}

/**
 * Compression must not depend on the user's settings nor on a server's packs. It is a fast one
 * without deltas: more would save a few percent of what is sent within this machine.
 */
const packConfiguration =
  '-c core.bigFileThreshold=512m -c pack.packSizeLimit=0 -c pack.writeReverseIndex=false'.split(' ')
const packOptions =
  '--quiet --threads=1 --window=0 --compression=1 --no-reuse-delta --no-reuse-object --index-version=2'.split(
    ' ',
  )

type Ref = { name: string; object: string }

/** The ref of a source, and for a history its tags, sorted by bytes. */
async function refsOf(gitIn: RunGit, source: PinnedSource): Promise<Ref[]> {
  const format = '--format=%(refname) %(objectname)'
  const tags = source.kind === 'tag' ? [refOf(source)] : [`--merged=${source.commit}`, 'refs/tags']
  const text = await gitIn(['for-each-ref', format, ...tags])
  const found = text.split('\n').flatMap((line): Ref[] => {
    const [name = '', object = ''] = line.split(' ')
    return object === '' ? [] : [{ name, object }]
  })
  if (source.kind !== 'tag') found.push({ name: refOf(source), object: source.commit })
  return found.sort((left, right) => Buffer.compare(Buffer.from(left.name), Buffer.from(right.name)))
}

/** BuildKit compares modes too, which the runner's umask would decide. */
function setModes(folder: string): void {
  chmodSync(folder, 0o755)
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    chmodSync(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o755 : 0o644)
}
