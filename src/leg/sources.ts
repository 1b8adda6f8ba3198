import type { Component } from '../buildkit/index.ts'
import { ProgramFailure, type RunGit } from '../system/index.ts'
import { rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fetchArguments, refOf, sourcesOf, wholeFetchArguments } from './source-fetch.ts'
import { UserError } from '../errors.ts'
import { addressOf, pendingLegs, type PinnedSource, type Plan } from '../plan/index.ts'
import { shallowCommits, writeRepository } from './source-repository.ts'

/** @returns path of a bare repository. @throws UserError if it can't be fetched or built */
export type FetchSource = (component: Component, source: PinnedSource) => Promise<string>

const titles: Record<Component, string> = { aibrix: 'AIBrix', ucx: 'UCX' }

/** Milliseconds for a history on a slow link; a connection without data ends much sooner. */
const fetchTimeout = 1_800_000
const patience = ['-c', 'http.lowSpeedLimit=1', '-c', 'http.lowSpeedTime=120']

/** A temporary repository needs no maintenance, and none of the user's hooks. */
const bare = ['-c', 'gc.auto=0', '-c', 'maintenance.auto=false', '-c', 'core.hooksPath=/dev/null']

/** Errors of servers that give neither a single commit nor a part of the history */
const incapable = /unadvertised object|not our ref|shallow|depth/i

/**
 * Fetches sources on the runner, with its keys, credentials and network, so that whatever a plan
 * could read can be built. Each is fetched once. Its repository holds the pinned commit and what
 * its version is counted from, as the same bytes wherever they came from, so that BuildKit reuses
 * its steps.
 * @param newFolder creates a folder for one repository
 */
export function createSources(git: RunGit, newFolder: () => string): FetchSource {
  const folders = new Map<string, Promise<string>>()
  return (component, source) => {
    const key = JSON.stringify([component, source])
    const folder = folders.get(key) ?? fetchRepository(git, newFolder(), titles[component], source)
    folders.set(key, folder)
    return folder
  }
}

/**
 * Fetches sources on this machine before anything is built: such a repository may know a tag or a
 * commit and lack objects that a build needs (a shallow or partial clone, lost borrowed objects). A
 * repository elsewhere is complete, and is fetched when there is something to build.
 * @throws UserError if a pending leg can't be built
 */
export async function checkSources(plan: Pick<Plan, 'images'>, fetchSource: FetchSource): Promise<void> {
  for (const leg of pendingLegs(plan))
    for (const { component, source } of sourcesOf(leg))
      if (source.repository.kind === 'path') await fetchSource(component, source)
}

async function fetchRepository(
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

/** Git reads a bundle, too, but its list of refs lacks the commits of annotated tags. */
function refuseFile({ repository }: PinnedSource): void {
  if (repository.kind === 'path' && statSync(repository.path, { throwIfNoEntry: false })?.isFile())
    throw new UserError(
      `${repository.path} is a file, not a git repository; create one from it with git clone --bare.`,
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
      // A missing commit is reported next.
      await gitIn(['update-ref', refOf(source), source.commit]).catch(orEmpty)
  }
}

/** Whether it is a local clone with a filter, from which git fetches no missing objects. */
async function isPartial(git: RunGit, { repository }: PinnedSource): Promise<boolean> {
  if (repository.kind === 'url') return false
  const pattern = '^remote\\..*\\.(promisor|partialclonefilter)$'
  const found = await git(['-C', repository.path, 'config', '--get-regexp', pattern]).catch(orEmpty)
  return found !== ''
}

function lacksObjects(error: ProgramFailure): UserError {
  const why = 'it is a partial clone, which lacks what its filter left out; clone it without a filter'
  return new UserError(`${error.message.replace(/ failed: .*$/s, '')} failed: ${why}.`)
}

async function refuseMoved(gitIn: RunGit, title: string, source: PinnedSource): Promise<void> {
  const { ref, commit, repository } = source
  const parse = ['rev-parse', '--verify', '--quiet', `${refOf(source)}^{commit}`]
  const found = await gitIn(parse).catch(orEmpty)
  if (found.trim() === commit) return
  throw new UserError(
    found === ''
      ? `${addressOf(repository)} does not have commit ${commit} of ${title} ${ref}; plan again, or name another one.`
      : `${title} ${ref} is now commit ${found.trim()} and was ${commit} when this build was planned: the ref moved; plan again.`,
  )
}

/**
 * A version is counted from the last tag before a commit. In a clone that ends earlier it would
 * differ from the version of the same commit elsewhere.
 */
async function refuseCut(gitIn: RunGit, fetched: string, title: string, source: PinnedSource): Promise<void> {
  const ends = shallowCommits(fetched)
  if (ends.length === 0) return
  const { commit, ref, repository } = source
  // The tags that setuptools-scm matches by default
  const describe = ['describe', '--tags', '--abbrev=0', '--match=*[0-9]*', commit]
  const tag = (await gitIn(describe).catch(orEmpty)).trim()
  const range = tag === '' ? [commit] : [commit, `^refs/tags/${tag}`]
  const counted = new Set((await gitIn(['rev-list', ...range])).split('\n'))
  if (!ends.some((end) => counted.has(end))) return
  throw new UserError(
    `${addressOf(repository)} is a shallow clone that ends before the tag from which the version of ${title} ${ref} is counted; fetch its history and its tags (fetch-depth: 0 of actions/checkout, or git fetch --unshallow --tags), or name a tag that it has.`,
  )
}

/** For a question that git may answer with a failure */
function orEmpty(error: unknown): string {
  if (error instanceof ProgramFailure) return ''
  throw error
}
