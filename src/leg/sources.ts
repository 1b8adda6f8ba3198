import type { Component } from '../buildkit/index.ts'
import { ProgramFailure, type RunGit } from '../system/index.ts'
import { rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fetchArguments, refOf, wholeFetchArguments } from './source-fetch.ts'
import { UserError } from '../errors.ts'
import { addressOf, type PinnedSource } from '../plan/index.ts'
import { shallowCommits, writeRepository } from './source-repository.ts'

/** @returns path of a bare repository with a pinned source. @throws UserError if it can't be had, or can't be built */
export type FetchSource = (component: Component, source: PinnedSource) => Promise<string>

const titles: Record<Component, string> = { aibrix: 'AIBrix', ucx: 'UCX' }

/** Milliseconds for a history on a slow link; a connection on which nothing comes is given up much sooner. */
const fetchTimeout = 1_800_000
const patience = ['-c', 'http.lowSpeedLimit=1', '-c', 'http.lowSpeedTime=120']

/** A repository that lasts for minutes needs no care, and no hooks of the user. */
const bare = ['-c', 'gc.auto=0', '-c', 'maintenance.auto=false', '-c', 'core.hooksPath=/dev/null']

/** What servers say that give neither a single commit nor a part of the history. */
const incapable = /unadvertised object|not our ref|shallow|depth/i

/**
 * Fetches sources on the runner, where its keys, its credentials and its network are, so that what a plan could read can be
 * built. Each is fetched once. It holds the pinned commit and what its version is counted from, as the same bytes wherever they came
 * from, so that BuildKit knows a step that it has done.
 * @param newFolder makes a folder for one repository
 */
export function createSources(git: RunGit, newFolder: () => string): FetchSource {
  const folders = new Map<string, Promise<string>>()
  return (component, source) => {
    const key = JSON.stringify([component, source])
    const folder = folders.get(key) ?? makeRepository(git, newFolder(), titles[component], source)
    folders.set(key, folder)
    return folder
  }
}

async function makeRepository(
  git: RunGit,
  folder: string,
  title: string,
  source: PinnedSource,
): Promise<string> {
  refuseFile(source)
  const fetched = join(folder, 'fetched')
  const what = `Fetching ${title} ${source.ref} from ${addressOf(source.repository)}`
  const gitIn: RunGit = (args, options) =>
    git([...bare, `--git-dir=${fetched}`, ...args], { what, timeout: fetchTimeout, ...options })
  await git(['init', '--quiet', '--bare', '--template=', fetched])
  await fetch(git, gitIn, source)
  await refuseMoved(gitIn, title, source)
  if (source.kind === 'tag') writeFileSync(join(fetched, 'shallow'), `${source.commit}\n`)
  else await refuseCut(gitIn, fetched, title, source)
  const repository = join(folder, 'repository')
  await writeRepository(gitIn, fetched, repository, source)
  rmSync(fetched, { recursive: true })
  return repository
}

/** Git reads a bundle like a repository, but its list of refs has no commits of tags with a message. */
function refuseFile({ repository }: PinnedSource): void {
  if (repository.kind === 'path' && statSync(repository.path, { throwIfNoEntry: false })?.isFile())
    throw new UserError(
      `${repository.path} is a file and no git repository; make one of it with git clone --bare.`,
    )
}

async function fetch(git: RunGit, gitIn: RunGit, source: PinnedSource): Promise<void> {
  try {
    await gitIn([...patience, ...fetchArguments(source)])
  } catch (error) {
    if (!(error instanceof ProgramFailure)) throw error
    if (await isPartial(git, source)) throw lacksObjects(error)
    if (!error.lines.some((line) => incapable.test(line))) throw error
    await gitIn([...patience, ...wholeFetchArguments(source)])
    if (source.kind !== 'tag')
      // What it does not have is told next.
      await gitIn(['update-ref', refOf(source), source.commit]).catch(orNothing)
  }
}

/** Whether it is a path of a clone that was made with a filter. Git fetches for such a clone, but not for others from it. */
async function isPartial(git: RunGit, { repository }: PinnedSource): Promise<boolean> {
  if (repository.kind === 'url') return false
  const pattern = '^remote\\..*\\.(promisor|partialclonefilter)$'
  const found = await git(['-C', repository.path, 'config', '--get-regexp', pattern]).catch(orNothing)
  return found !== ''
}

function lacksObjects(error: ProgramFailure): UserError {
  const why = 'it is a partial clone, which lacks what its filter left out; clone it without a filter'
  return new UserError(`${error.message.replace(/ failed: .*$/s, '')} failed: ${why}.`)
}

async function refuseMoved(gitIn: RunGit, title: string, source: PinnedSource): Promise<void> {
  const { ref, commit, repository } = source
  const found = await gitIn(['rev-parse', '--verify', '--quiet', `${refOf(source)}^{commit}`]).catch(
    orNothing,
  )
  if (found.trim() === commit) return
  throw new UserError(
    found === ''
      ? `${addressOf(repository)} does not have commit ${commit} of ${title} ${ref}; plan again, or name another one.`
      : `${title} ${ref} is now commit ${found.trim()} and was ${commit} when this build was planned: the ref moved; plan again.`,
  )
}

/**
 * A version is counted from the last tag before a commit. Where a clone ends within what has to be counted, it would be another
 * version than that of the same commit elsewhere.
 */
async function refuseCut(gitIn: RunGit, fetched: string, title: string, source: PinnedSource): Promise<void> {
  const ends = shallowCommits(fetched)
  if (ends.length === 0) return
  const { commit, ref, repository } = source
  // The tags that setuptools-scm looks at, unless a project says otherwise
  const describe = ['describe', '--tags', '--abbrev=0', '--match=*[0-9]*', commit]
  const tag = (await gitIn(describe).catch(orNothing)).trim()
  const range = tag === '' ? [commit] : [commit, `^refs/tags/${tag}`]
  const counted = new Set((await gitIn(['rev-list', ...range])).split('\n'))
  if (!ends.some((end) => counted.has(end))) return
  throw new UserError(
    `${addressOf(repository)} is a shallow clone that ends before the tag from which the version of ${title} ${ref} is counted; fetch its history and its tags (fetch-depth: 0 of actions/checkout, or git fetch --unshallow --tags), or name a tag that it has.`,
  )
}

/** For what git may answer by failing */
function orNothing(error: unknown): string {
  if (error instanceof ProgramFailure) return ''
  throw error
}
