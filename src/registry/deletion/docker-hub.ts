import * as v from 'valibot'
import { UserError } from '../../errors.ts'
import type { WithRetries } from '../../system/index.ts'
import { withoutFullStop } from '../../text.ts'
import type { Credentials, CredentialLookup } from '../auth/credentials.ts'
import type { RegistryClient } from '../client.ts'
import type { Digest } from '../content/digest.ts'
import { parsedJson } from '../content/json.ts'
import { formatRepository, type Repository } from '../content/reference.ts'
import { RegistryRefusal } from '../http/failure.ts'
import { registryMessage } from '../http/refusal.ts'
import type { Transport } from '../http/transport.ts'
import { type Api, type ApiAnswer, type ApiRequest, createApi } from './api.ts'
import type { Deleter, Removal } from './deleter.ts'

export type DockerHubSettings = {
  client: Pick<RegistryClient, 'deleteManifest' | 'resolveTag'>
  transport: Pick<Transport, 'send'>
  withRetries: WithRetries
  credentials: CredentialLookup
  /** https://hub.docker.com */
  address: string
}

/** A tag that nobody pushes: the answer about it tells whether the login may delete. */
const neverTagged = 'image-action-asks-whether-it-may-delete'

/**
 * Deletes tags through Docker Hub's API, one by one, and then the manifest through its registry,
 * which accepts this once nothing names it (docs.docker.com, "Delete image manifest").
 */
export function createDockerHubDeleter(settings: DockerHubSettings, repository: Repository): Deleter {
  const { client } = settings
  const deleteTag = createTagDeletion(settings, repository)
  return {
    check: async () => {
      await deleteTag(neverTagged)
    },
    remove: async ({ digest, tags }) => {
      let isUntagged = false
      for (const tag of tags) {
        // A tag is deleted whatever it names, and another client may have moved it in this moment.
        if ((await client.resolveTag(repository, tag)) !== digest) continue
        const deletion = await deleteTag(tag)
        if (deletion.state === 'stays') return deletion
        isUntagged ||= deletion.state === 'removed'
      }
      const manifest = await deleteManifest(client, repository, digest)
      return isUntagged ? { state: 'removed' } : manifest
    },
  }
}

/** What a registry refuses while something names the manifest, or if it does not delete at all */
const kept = [400, 403, 405]

async function deleteManifest(
  client: DockerHubSettings['client'],
  repository: Repository,
  digest: Digest,
): Promise<Removal> {
  try {
    return { state: (await client.deleteManifest(repository, digest)) ? 'removed' : 'gone' }
  } catch (error) {
    if (!(error instanceof RegistryRefusal)) throw error
    // "The system automatically retries the deletion in the background."
    if (error.status >= 500) return { state: 'removed' }
    if (!kept.includes(error.status)) throw error
    return { state: 'stays', reason: `Docker Hub keeps it while something names it (${error.problem})` }
  }
}

const tokenAnswer = v.object({ access_token: v.string() })

type DeleteTag = (tag: string) => Promise<Removal>

/** @returns what deletes a tag, with a login that is made once and again when it has expired */
function createTagDeletion(settings: DockerHubSettings, repository: Repository): DeleteTag {
  const { path, registry } = repository
  let login: Promise<Login> | undefined
  const attempt = async (tag: string): Promise<{ answer: ApiAnswer; refusal: () => UserError }> => {
    const { api, token } = await (login ??= logIn(settings, repository))
    const request: ApiRequest = {
      method: 'DELETE',
      path: `/v2/repositories/${path}/tags/${tag}/`,
      headers: { authorization: `Bearer ${token}` },
      action: `the deletion of ${registry}/${path}:${tag}`,
      secrets: [token],
    }
    const answer = await api.ask(request, [400, 401, 403, 404, 409])
    return { answer, refusal: () => api.refusal(request, answer) }
  }
  return async (tag) => {
    let { answer, refusal } = await attempt(tag)
    if (answer.status === 401) {
      // A login is valid for ten minutes.
      login = undefined
      ;({ answer, refusal } = await attempt(tag))
    }
    if (answer.status < 400) return { state: 'removed' }
    if (answer.status === 404) return { state: 'gone' }
    const said = registryMessage(answer.body) ?? ''
    if (!/immutable/i.test(said)) throw refusal()
    return { state: 'stays', reason: `its tag ${tag} is immutable (${withoutFullStop(said)})` }
  }
}

type Login = { api: Api; token: string }

/** As in docs.docker.com, "Create access token" @throws UserError if there is no login, or a wrong one */
async function logIn(settings: DockerHubSettings, repository: Repository): Promise<Login> {
  const own = await settings.credentials(repository.registry)
  const pair = own?.kind === 'identity-token' ? own.basic : own?.kind === 'password' ? own : undefined
  if (pair === undefined)
    throw new UserError(
      `nothing can be deleted in ${formatRepository(repository)} without a user name and a password or personal access token for Docker Hub; set username and password, or run docker login before this step.`,
    )
  const api = createApi({
    ...settings,
    registry: repository.registry,
    adviceFor: (status) => adviceFor(status, own),
  })
  const answer = await api.ask({
    method: 'POST',
    path: '/v2/auth/token',
    headers: {},
    body: { identifier: pair.username, secret: pair.password },
    action: "the login to Docker Hub's API",
    secrets: [pair.password],
  })
  const { access_token: token } = parsedJson(tokenAnswer, answer.body, "the answer of Docker Hub's login")
  return { api, token }
}

function adviceFor(status: number, own: Credentials | undefined): string {
  const inputs = own?.kind === 'password' ? own.inputs : undefined
  const login = inputs ?? 'the docker login for it'
  if (status === 401)
    return `check ${login}; with two-factor authentication or single sign-on, the password must be a personal access token`
  return `check ${login}: the user must be allowed to administer the repository, and a personal access token needs the permission Read, Write, Delete`
}
