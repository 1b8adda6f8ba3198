import { emptyConfig } from './artifact.ts'
import type { RegistryClient } from './client.ts'
import type { Repository } from './content/reference.ts'

/**
 * Finds out before an hour of compiling whether the registry will take the result, by storing the two bytes that every
 * report's configuration has.
 * @throws UserError if the registry refuses
 */
export async function checkPushAccess(
  client: Pick<RegistryClient, 'putBlob'>,
  repositories: Repository[],
): Promise<void> {
  for (const repository of repositories) await client.putBlob(repository, emptyConfig)
}
