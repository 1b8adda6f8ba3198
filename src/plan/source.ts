import { UserError } from '../errors.ts'
import type { PinnedSource, SourceRepository } from './plan.ts'

/** Runs git with these arguments and gives its standard output. Throws UserError if git fails. */
export type RunGit = (args: string[]) => Promise<string>

const fullCommit = /^[0-9a-f]{40}$/
const shortCommit = /^[0-9a-f]{7,39}$/

/** Names that git itself allows in a ref, as far as a user needs them (git-check-ref-format), and no option. */
const refName = /^(?!-)(?!.*(?:\.\.|@\{|\/\/|\.lock$|[/.]$))[A-Za-z0-9_./+@-]+$/

export function isRefName(text: string): boolean {
  return refName.test(text)
}

/**
 * Pins a tag, a branch or a commit. `0.7.0` also finds the tag `v0.7.0`; an annotated tag is peeled to its commit.
 * @param what name of the component, for messages
 * @throws UserError if the ref does not exist, or git could not ask
 */
export async function pinSource(
  git: RunGit,
  what: string,
  repository: SourceRepository,
  ref: string,
): Promise<PinnedSource> {
  const address = repository.kind === 'url' ? repository.url : repository.path
  const names = /^\d/.test(ref) ? [ref, `v${ref}`] : [ref]
  const wanted = names.flatMap((name) => [`refs/tags/${name}`, `refs/tags/${name}^{}`, `refs/heads/${name}`])
  const refs = parseRefs(await git(['ls-remote', '--quiet', address, ...wanted]))
  for (const name of names) {
    const tag = refs.get(`refs/tags/${name}^{}`) ?? refs.get(`refs/tags/${name}`)
    if (tag !== undefined) return { repository, ref: name, commit: tag, kind: 'tag' }
    const branch = refs.get(`refs/heads/${name}`)
    if (branch !== undefined) return { repository, ref: name, commit: branch, kind: 'branch' }
  }
  const commit = await findCommit(git, repository, ref)
  if (commit !== undefined) return { repository, ref: commit, commit, kind: 'commit' }
  const hint = shortCommit.test(ref) ? '; a commit has to be given with all of its 40 digits' : ''
  throw new UserError(`${what}: ${address} has no tag, branch or commit "${ref}"${hint}.`)
}

/** A remote repository can't be asked for a commit: BuildKit's fetch will tell. A path on this machine can. */
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
