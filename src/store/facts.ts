import * as v from 'valibot'
import type { Engine } from '../plan/engine.ts'
import type { KnownBase } from '../plan/feasibility/known-base.ts'
import type { BaseImage } from '../plan/plan.ts'
import { factsTag } from './tags.ts'
import { getArtifact, putArtifact } from '../registry/artifact.ts'
import type { RegistryClient } from '../registry/client.ts'
import type { Repository } from '../registry/content/reference.ts'
import { baseNixl } from '../verify/base-nixl.ts'
import { type BaseFacts, baseFactsSchema } from '../verify/facts.ts'

const type = 'application/vnd.aibrix.image-action.facts.v1+json'

/** Bytes; the facts of a base with 500 packages have about 60 kB. */
const limit = 4 * 1024 * 1024

/**
 * Keeps what was measured in a base, under the digest of its manifest, for the plans and builds to come.
 * @param replace whether it takes the place of what is there
 */
export async function storeBaseFacts(
  client: Pick<RegistryClient, 'getManifest' | 'putBlob' | 'putManifest'>,
  repository: Repository,
  base: BaseImage,
  facts: BaseFacts,
  replace = false,
): Promise<void> {
  if (!replace && (await client.getManifest(repository, factsTag(base)))) return
  const bytes = Buffer.from(`${JSON.stringify(facts)}\n`)
  await putArtifact(client, repository, factsTag(base), { type, bytes })
}

/** @returns undefined if there are none, or another version of the action wrote them in a form that is not known here */
export async function readBaseFacts(
  client: Pick<RegistryClient, 'getManifest' | 'getBlob'>,
  repository: Repository,
  base: BaseImage,
): Promise<BaseFacts | undefined> {
  const bytes = await getArtifact(client, repository, factsTag(base), { type, limit })
  if (!bytes) return undefined
  const result = v.safeParse(v.pipe(v.string(), v.parseJson(), baseFactsSchema), bytes.toString('utf8'))
  return result.success ? result.output : undefined
}

/** What the plan judges by. */
export function knownFrom(base: BaseFacts, engine: Engine): KnownBase {
  const { python, torch } = base
  return {
    ...baseNixl(base, engine),
    source: 'measured',
    python: python.version.split('.').slice(0, 2).join('.'),
    ...(torch && { torch: torch.version.replace(/\+.*$/, '') }),
    ...(torch?.cuda && { cuda: torch.cuda }),
  }
}
