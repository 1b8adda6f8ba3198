import type { RunGit } from '../system/index.ts'
import { UserError } from '../errors.ts'
import type { PinnedSource, SourceRepository } from './pinned.ts'

const fullCommit = /^[0-9a-f]{40}$/
const shortCommit = /^[0-9a-f]{7,39}$/

/** A git repository whose tags and branches are known. */
export type GitRepository = {
  /** Names of tags, without `refs/tags/` */
  tags: string[]
  /** URL or path */
  address: string
  /**
   * Pins a tag, a branch or a commit. `0.7.0` also finds the tag `v0.7.0`; an annotated tag is
   * peeled to its commit.
   * @returns undefined if it does not exist
   * @throws UserError if git failed
   */
  find: (ref: string) => Promise<PinnedSource | undefined>
  /** As `find`. @throws UserError also if it does not exist */
  pin: (ref: string) => Promise<PinnedSource>
}

/**
 * Lists the tags and branches of a repository once.
 * @param input name of the input with its versions, for messages
 * @param nearest existing tags that are similar to a missing one, for messages
 * @throws UserError if git failed
 */
export async function openGitRepository(
  git: RunGit,
  input: string,
  repository: SourceRepository,
  nearest: (ref: string, tags: readonly string[]) => string[] = () => [],
): Promise<GitRepository> {
  const address = addressOf(repository)
  const refs = parseRefs(await git(['ls-remote', '--quiet', '--', address, 'refs/tags/*', 'refs/heads/*']))
  const tags = [...refs.keys()].flatMap((name) => /^refs\/tags\/(.*[^}])$/.exec(name)?.[1] ?? [])
  const find: GitRepository['find'] = async (ref) =>
    findRef(repository, refs, ref) ?? (await findCommit(git, repository, ref))
  return {
    tags,
    address,
    find,
    pin: async (ref) => {
      const found = await find(ref)
      if (found) return found
      const near = nearest(ref, tags)
      const commit = shortCommit.test(ref) ? '; give a commit with all of its 40 digits' : ''
      const hint = near.length === 0 ? commit : `${commit}; the nearest tags are ${near.join(', ')}`
      throw new UserError(`${input}: ${address} has no tag, branch or commit "${ref}"${hint}.`)
    },
  }
}

/** @returns what git accepts: it reads a path with a colon before its first slash as `host:path` */
export function addressOf(repository: SourceRepository): string {
  if (repository.kind === 'url') return repository.url
  return /^[^/]*:/.test(repository.path) ? `./${repository.path}` : repository.path
}

function findRef(
  repository: SourceRepository,
  refs: ReadonlyMap<string, string>,
  ref: string,
): PinnedSource | undefined {
  for (const name of /^\d/.test(ref) ? [ref, `v${ref}`] : [ref]) {
    const tag = refs.get(`refs/tags/${name}^{}`) ?? refs.get(`refs/tags/${name}`)
    if (tag !== undefined) return { repository, ref: name, commit: tag, kind: 'tag' }
    const branch = refs.get(`refs/heads/${name}`)
    if (branch !== undefined) return { repository, ref: name, commit: branch, kind: 'branch' }
  }
  return undefined
}

/** A remote repository cannot be asked for a commit, so the fetch checks it. A local one can. */
async function findCommit(
  git: RunGit,
  repository: SourceRepository,
  ref: string,
): Promise<PinnedSource | undefined> {
  const pinned = (commit: string): PinnedSource => ({ repository, ref: commit, commit, kind: 'commit' })
  if (repository.kind === 'url') return fullCommit.test(ref) ? pinned(ref) : undefined
  if (!fullCommit.test(ref) && !shortCommit.test(ref)) return undefined
  const args = ['-C', repository.path, 'rev-parse', '--verify', '--quiet', `${ref}^{commit}`]
  try {
    return pinned((await git(args)).trim())
  } catch (error) {
    if (error instanceof UserError) return undefined
    throw error
  }
}

function parseRefs(text: string): Map<string, string> {
  const lines = text.matchAll(/^([0-9a-f]{40})\t([^\t\n]*)/gm)
  return new Map([...lines].map(([, commit = '', name = '']) => [name, commit]))
}
