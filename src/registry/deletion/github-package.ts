import * as v from 'valibot'
import { UserError } from '../../errors.ts'
import { excerpt } from '../../text.ts'
import { type Digest, isDigest } from '../content/digest.ts'
import { parsedJson } from '../content/json.ts'
import { formatRepository, type Repository } from '../content/reference.ts'
import { nextPage } from '../http/next-page.ts'
import type { ApiAnswer, ApiRequest } from './api.ts'

/** A request to GitHub's API with the token. */
export type AskGitHub = (
  request: Pick<ApiRequest, 'method' | 'path' | 'action'>,
  expected?: readonly number[],
) => Promise<ApiAnswer>

/** Where a package is in the API, and its versions: one is a manifest with all its tags. */
export type GitHubPackage = { path: string; versions: ReadonlyMap<Digest, number> }

/** What github-token needs to delete packages (docs.github.com, "Deleting and restoring a package") */
export const neededRights =
  'github-token needs the right to delete: the token of a workflow has it with "permissions: packages: write" and the role Admin for its repository in the settings of the package, a personal access token (classic) with the scope delete:packages'

const owner = v.object({ type: v.string() })
const user = v.object({ login: v.string() })
const page = v.array(v.object({ id: v.number(), name: v.string() }))
const version = v.object({ metadata: v.object({ container: v.object({ tags: v.array(v.string()) }) }) })

/** Versions in a page, the most that GitHub returns */
const pageSize = 100

/** Limits of one list, all pages together */
const limits = { pages: 1000, bytes: 256 * 1024 * 1024 }

/**
 * Finds the package of a repository with its versions (docs.github.com, "REST API endpoints for
 * packages").
 * @param repository one of ghcr.io: `aibrix/image-cache`, `aibrix/ci/image-cache`
 * @returns undefined if the token sees no such package
 * @throws UserError if GitHub refuses, or the token has not the scope to delete
 */
export async function findPackage(
  ask: AskGitHub,
  repository: Repository,
): Promise<GitHubPackage | undefined> {
  const [account = '', ...name] = repository.path.split('/')
  const action = `the request for the versions of ${repository.path}`
  const home = await homeOf(ask, account, repository, action)
  const path = `${home}/packages/container/${encodeURIComponent(name.join('/'))}`
  const versions = await listVersions(ask, path, repository, action)
  return versions && { path, versions }
}

/**
 * @returns `/orgs/aibrix`; `/users/me`, or `/user` if the token is of that user, since a user's
 *   private packages are only there
 */
async function homeOf(
  ask: AskGitHub,
  account: string,
  repository: Repository,
  action: string,
): Promise<string> {
  const answer = await ask({ method: 'GET', path: `/users/${account}`, action })
  refuseScopes(answer, repository)
  const { type } = parsedJson(owner, answer.body, `GitHub's answer about ${account}`)
  if (type === 'Organization') return `/orgs/${account}`
  // Tokens of workflows are of no user.
  const own = await ask({ method: 'GET', path: '/user', action }, [401, 403, 404])
  const login = own.status === 200 ? parsedJson(user, own.body, "GitHub's answer about the user").login : ''
  return login.toLowerCase() === account.toLowerCase() ? '/user' : `/users/${account}`
}

/** Only classic tokens have scopes; GitHub names them with each answer. */
function refuseScopes({ headers }: ApiAnswer, repository: Repository): void {
  const named = [headers['x-oauth-scopes'] ?? ''].flat().join(',').trim()
  if (named === '' || named.split(/[\s,]+/).includes('delete:packages')) return
  throw new UserError(
    `nothing can be deleted in ${formatRepository(repository)}: github-token has only the scopes ${excerpt(named)}; give it the scope delete:packages.`,
  )
}

/** @returns digest → number of the version; undefined if there is no such package */
async function listVersions(
  ask: AskGitHub,
  path: string,
  repository: Repository,
  action: string,
): Promise<Map<Digest, number> | undefined> {
  const title = `GitHub's list of the versions of ${formatRepository(repository)}`
  const versions = new Map<Digest, number>()
  const asked = new Set<string>()
  let bytes = 0
  let next: string | URL | undefined = `${path}/versions?per_page=${pageSize}`
  while (next !== undefined) {
    const here: string | URL = next
    asked.add(here.toString())
    const answer: ApiAnswer = await ask({ method: 'GET', path: here, action }, [404])
    if (answer.status === 404 && asked.size === 1) return undefined
    if (answer.status === 404) throw new UserError(`${title} ends before its last page; try again.`)
    for (const { id, name } of parsedJson(page, answer.body, title))
      if (isDigest(name)) versions.set(name, id)
    bytes += answer.body.length
    next = nextPage({ registry: repository.registry, action }, answer)
    if (next !== undefined && asked.has(next.toString()))
      throw new UserError(`${title} links back to an earlier page; it is not used.`)
    if (bytes > limits.bytes || (next && asked.size >= limits.pages))
      throw new UserError(
        `${title} has more than ${limits.bytes} bytes or ${limits.pages} pages, more than any real package has.`,
      )
  }
  return versions
}

/** @returns the tags that a version has now; undefined if it is gone */
export async function tagsOfVersion(
  ask: AskGitHub,
  path: string,
  action: string,
): Promise<string[] | undefined> {
  const answer = await ask({ method: 'GET', path, action }, [404])
  if (answer.status === 404) return undefined
  return parsedJson(version, answer.body, `GitHub's answer to ${action}`).metadata.container.tags
}
