import type { RunGit } from '../system/index.ts'
import { UserError } from '../errors.ts'
import type { PinnedSource, SourceRepository } from './pinned.ts'

const fullCommit = /^[0-9a-f]{40}$/
const shortCommit = /^[0-9a-f]{7,39}$/

/** A git repository whose tags and branches have been asked for. */
export type Source = {
  /** Names of tags, without `refs/tags/` */
  tags: string[]
  /** URL or path */
  address: string
  /**
   * Pins a tag, a branch or a commit. `0.7.0` also finds the tag `v0.7.0`; an annotated tag is peeled to its commit.
   * @returns undefined if there is none
   * @throws UserError if git could not ask
   */
  find: (ref: string) => Promise<PinnedSource | undefined>
  /** As `find`. @throws UserError if there is none, too */
  pin: (ref: string) => Promise<PinnedSource>
}

/**
 * Asks a repository once for all of its tags and branches.
 * @param input name of the input that names its versions, for messages
 * @param nearest tags that look like one that does not exist, for messages
 * @throws UserError if git could not ask
 */
export async function openSource(
  git: RunGit,
  input: string,
  repository: SourceRepository,
  nearest: (ref: string, tags: readonly string[]) => string[] = () => [],
): Promise<Source> {
  const address = addressOf(repository)
  const refs = parseRefs(await git(['ls-remote', '--quiet', '--', address, 'refs/tags/*', 'refs/heads/*']))
  const tags = [...refs.keys()].flatMap((name) => /^refs\/tags\/(.*[^}])$/.exec(name)?.[1] ?? [])
  const missing = (ref: string): UserError => {
    const near = nearest(ref, tags)
    const commit = shortCommit.test(ref) ? '; a commit has to be given with all of its 40 digits' : ''
    const hint = near.length === 0 ? commit : `${commit}; the nearest tags are ${near.join(', ')}`
    return new UserError(`${input}: ${address} has no tag, branch or commit "${ref}"${hint}.`)
  }
  const find: Source['find'] = (ref) => pin(git, repository, refs, ref)
  return {
    ...{ tags, address, find },
    pin: async (ref) => {
      const found = await find(ref)
      if (!found) throw missing(ref)
      return found
    },
  }
}

/** @returns what git is given: it takes a path with a colon before its first slash for `host:path` */
export function addressOf(repository: SourceRepository): string {
  if (repository.kind === 'url') return repository.url
  return /^[^/]*:/.test(repository.path) ? `./${repository.path}` : repository.path
}

async function pin(
  git: RunGit,
  repository: SourceRepository,
  refs: ReadonlyMap<string, string>,
  ref: string,
): Promise<PinnedSource | undefined> {
  for (const name of /^\d/.test(ref) ? [ref, `v${ref}`] : [ref]) {
    const tag = refs.get(`refs/tags/${name}^{}`) ?? refs.get(`refs/tags/${name}`)
    if (tag !== undefined) return { repository, ref: name, commit: tag, kind: 'tag' }
    const branch = refs.get(`refs/heads/${name}`)
    if (branch !== undefined) return { repository, ref: name, commit: branch, kind: 'branch' }
  }
  const commit = await findCommit(git, repository, ref)
  return commit === undefined ? undefined : { repository, ref: commit, commit, kind: 'commit' }
}

/** A remote repository can't be asked for a commit: the fetch will tell. A path on this machine can. */
async function findCommit(
  git: RunGit,
  repository: SourceRepository,
  ref: string,
): Promise<string | undefined> {
  if (repository.kind === 'url') return fullCommit.test(ref) ? ref : undefined
  if (!fullCommit.test(ref) && !shortCommit.test(ref)) return undefined
  try {
    return (await git(['-C', repository.path, 'rev-parse', '--verify', '--quiet', `${ref}^{commit}`])).trim()
  } catch (error) {
    if (error instanceof UserError) return undefined
    throw error
  }
}

function parseRefs(text: string): Map<string, string> {
  const refs = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [commit, name] = line.split('\t')
    if (commit !== undefined && name !== undefined && fullCommit.test(commit)) refs.set(name, commit)
  }
  return refs
}
