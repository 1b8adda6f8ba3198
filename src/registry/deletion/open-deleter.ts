import { UserError } from '../../errors.ts'
import type { WithRetries } from '../../system/index.ts'
import type { CredentialLookup } from '../auth/credentials.ts'
import type { RegistryClient } from '../client.ts'
import { apiOrigin, dockerHub, formatRepository, type Repository } from '../content/reference.ts'
import type { Transport } from '../http/transport.ts'
import type { Deleter } from './deleter.ts'
import { createDistributionDeleter } from './distribution.ts'
import { createDockerHubDeleter } from './docker-hub.ts'
import { neededRights } from './github-package.ts'
import { createGitHubDeleter } from './github.ts'

/** Public addresses of the APIs that delete where the registry's own API cannot */
export const publicApis = { github: 'https://api.github.com', dockerHub: 'https://hub.docker.com' }

export type DeletionAccess = {
  client: Pick<RegistryClient, 'deleteManifest' | 'listTags' | 'resolveTag'>
  /** For requests to APIs that are no registry */
  transport: Pick<Transport, 'send'>
  credentials: CredentialLookup
  withRetries: WithRetries
  /** Delays in milliseconds, ended by the run's signal */
  wait: (milliseconds: number) => Promise<void>
  /** The addresses of the APIs, with a path if they have one: `publicApis` */
  apis: { github: string; dockerHub: string }
  /** The input github-token, used on ghcr.io; undefined without one */
  githubToken: string | undefined
}

const ghcr = apiOrigin('ghcr.io')

/**
 * Chooses how to delete in a repository: GitHub Packages' API on ghcr.io, Docker Hub's API on
 * docker.io, the distribution API elsewhere. Sends nothing.
 * @throws UserError if github-token is missing on ghcr.io
 */
export function openDeleter(repository: Repository, access: DeletionAccess): Deleter {
  const { client, apis, githubToken: token } = access
  if (repository.registry === dockerHub)
    return createDockerHubDeleter({ ...access, address: apis.dockerHub }, repository)
  if (apiOrigin(repository.registry) !== ghcr) return createDistributionDeleter(client, repository)
  if (token === undefined)
    throw new UserError(
      `nothing can be deleted in ${formatRepository(repository)} without github-token; ${neededRights}.`,
    )
  return createGitHubDeleter({ ...access, address: apis.github, token }, repository)
}
