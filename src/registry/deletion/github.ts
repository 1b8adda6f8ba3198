import { UserError } from '../../errors.ts'
import type { WithRetries } from '../../system/index.ts'
import { listed, withoutFullStop } from '../../text.ts'
import type { RegistryClient } from '../client.ts'
import { formatReference, formatRepository, type Repository } from '../content/reference.ts'
import { registryMessage } from '../http/refusal.ts'
import type { Transport } from '../http/transport.ts'
import { type Api, type ApiAnswer, type ApiRequest, createApi } from './api.ts'
import type { Deleter, Removal } from './deleter.ts'
import {
  type AskGitHub,
  findPackage,
  type GitHubPackage,
  neededRights,
  tagsOfVersion,
} from './github-package.ts'

export type GitHubSettings = {
  client: Pick<RegistryClient, 'listTags'>
  transport: Pick<Transport, 'send'>
  withRetries: WithRetries
  wait: (milliseconds: number) => Promise<void>
  /** `GITHUB_API_URL`: https://api.github.com */
  address: string
  token: string
}

/** Milliseconds between deletions (docs.github.com, "Best practices for using the REST API") */
const pause = 1000

/** What GitHub refuses for good, in the words of its API (status 400) */
const permanent = /cannot delete the last (?:tagged )?version|more than [\d,]+ downloads/i

/**
 * Deletes versions of a package through GitHub's API, since ghcr.io does not delete (405). GitHub
 * frees the bytes itself, and can restore a version for 30 days.
 */
export function createGitHubDeleter(settings: GitHubSettings, repository: Repository): Deleter {
  const { client, wait } = settings
  const github = createGitHub(settings, repository)
  const { ask } = github
  let found: Promise<GitHubPackage | undefined> | undefined
  const open = (): Promise<GitHubPackage | undefined> => (found ??= findPackage(ask, repository))
  let hasDeleted = false
  return {
    check: async () => {
      const own = await open()
      if (own === undefined) return refuseHidden(client, repository)
      // No version has this number, and a token without the right is refused before it is looked up.
      const path = `${own.path}/versions/0`
      await ask({ method: 'DELETE', path, action: `the deletion from ${repository.path}` }, [400, 404, 422])
    },
    remove: async ({ digest, tags }) => {
      const own = await open()
      const id = own?.versions.get(digest)
      if (own === undefined || id === undefined) return { state: 'gone' }
      const path = `${own.path}/versions/${id}`
      const action = `the deletion of ${formatReference({ ...repository, digest })}`
      const present = await tagsOfVersion(ask, path, action)
      if (present === undefined) return { state: 'gone' }
      const more = present.filter((tag) => !tags.includes(tag))
      if (more.length > 0) return { state: 'stays', reason: `it has got another tag: ${listed(more)}` }
      if (hasDeleted) await wait(pause)
      hasDeleted = true
      return deleteVersion(github, path, action)
    },
  }
}

type GitHub = {
  ask: AskGitHub
  refusal: (request: Pick<ApiRequest, 'method' | 'path' | 'action'>, answer: ApiAnswer) => UserError
}

function createGitHub({ token, ...settings }: GitHubSettings, { registry }: Repository): GitHub {
  const adviceFor = (status: number): string =>
    status === 401 ? 'give github-token a token that has not expired' : neededRights
  const api: Api = createApi({ ...settings, registry, adviceFor })
  // As in docs.github.com, "Getting started with the REST API"
  const headers = {
    accept: 'application/vnd.github+json',
    'x-github-api-version': '2022-11-28',
    authorization: `Bearer ${token}`,
  }
  const whole = (request: Pick<ApiRequest, 'method' | 'path' | 'action'>): ApiRequest => ({
    ...{ ...request, headers },
    secrets: [token],
  })
  return {
    ask: (request, expected) => api.ask(whole(request), expected),
    refusal: (request, answer) => api.refusal(whole(request), answer),
  }
}

/** @throws UserError if GitHub refuses; the answer 404 means a missing right as well */
async function deleteVersion({ ask, refusal }: GitHub, path: string, action: string): Promise<Removal> {
  const request = { method: 'DELETE', path, action } as const
  const answer = await ask(request, [400, 404])
  const said = registryMessage(answer.body) ?? ''
  if (answer.status === 400 && permanent.test(said))
    return { state: 'stays', reason: `GitHub does not delete it (${withoutFullStop(said)})` }
  if (answer.status === 400) throw refusal(request, answer)
  if (answer.status !== 404) return { state: 'removed' }
  if ((await tagsOfVersion(ask, path, action)) === undefined) return { state: 'gone' }
  throw refusal(request, answer)
}

/**
 * GitHub answers about a package that a token may not see as about none.
 * @throws UserError if the registry has tags
 */
async function refuseHidden(client: GitHubSettings['client'], repository: Repository): Promise<void> {
  if ((await client.listTags(repository)).length === 0) return
  throw new UserError(
    `nothing can be deleted in ${formatRepository(repository)}: GitHub's API shows github-token no such package; ${neededRights}.`,
  )
}
