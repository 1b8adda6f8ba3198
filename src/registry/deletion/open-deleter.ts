import type { WithRetries } from '../../system/index.ts'
import type { CredentialLookup } from '../auth/credentials.ts'
import type { RegistryClient } from '../client.ts'
import type { Repository } from '../content/reference.ts'
import type { Transport } from '../http/transport.ts'
import type { Deleter } from './deleter.ts'

/** Public origins of the APIs that delete where the registry's own API cannot. */
export const publicApis = { github: 'https://api.github.com', dockerHub: 'https://hub.docker.com' }

export type DeletionAccess = {
  client: Pick<RegistryClient, 'deleteManifest' | 'listTags'>
  /** For requests to APIs that are no registry */
  transport: Pick<Transport, 'send'>
  credentials: CredentialLookup
  withRetries: WithRetries
  /** Delays in milliseconds, ended by the run's signal */
  wait: (milliseconds: number) => Promise<void>
  /** The origins of the APIs, with a path if they have one: `publicApis` */
  apis: { github: string; dockerHub: string }
  /** The input github-token, used on ghcr.io; undefined without one */
  githubToken: string | undefined
}

/**
 * Chooses how to delete in a repository: GitHub Packages' API on ghcr.io, Docker Hub's API on
 * docker.io, the distribution API elsewhere. Sends nothing.
 */
export function openDeleter(repository: Repository, access: DeletionAccess): Deleter {
  void repository
  void access
  throw new Error('not written yet')
}
