import { readFile, writeFile } from 'node:fs/promises'
import { UserError } from '../errors.ts'
import type { PlanPlace } from '../inputs/command.ts'
import { parsePlan, planDigest, serialisePlan } from './plan-document.ts'
import type { Plan } from '../plan/plan.ts'
import { planTag } from './tags.ts'
import { getArtifact, putArtifact } from '../registry/artifact.ts'
import type { RegistryClient } from '../registry/client.ts'
import { isDenied } from '../registry/http/failure.ts'
import { formatReference } from '../registry/content/reference.ts'

const type = 'application/vnd.aibrix.image-action.plan.v1+json'

/** Bytes; a plan of 256 legs has about 2 MB. */
const limit = 16 * 1024 * 1024

/** A plan as other runners find it. `why` says in a sentence why it is not in the registry. */
export type StoredPlan = { reference: string; why?: string }

/**
 * Keeps a plan as a file, and in the cache repository where that can be written.
 * @param file path
 * @throws UserError if the registry fails, which is something else than that it refuses
 */
export async function storePlan(
  registry: Pick<RegistryClient, 'putBlob' | 'putManifest'>,
  plan: Plan,
  file: string,
  redact: (text: string) => string,
): Promise<StoredPlan> {
  const text = serialisePlan(plan)
  if (redact(text) !== text)
    throw new UserError(
      'The plan would hold the password, the token or another secret; take it out of the input that has it, too, such as "build-args" or "tags".',
    )
  await writeFile(file, text)
  if (plan.publicTags === 'ignore') return { reference: file, why: 'nothing is pushed in this run' }
  const tag = planTag(planDigest(text))
  try {
    await putArtifact(registry, plan.cacheRepository, tag, { type, bytes: Buffer.from(text) })
    return { reference: formatReference({ ...plan.cacheRepository, tag }) }
  } catch (error) {
    if (!isDenied(error)) throw error
    return { reference: file, why: error.message }
  }
}

/** @throws UserError if there is none, or what is there is not the plan that the reference names */
export async function loadPlan(
  registry: Pick<RegistryClient, 'getManifest' | 'getBlob'>,
  place: PlanPlace,
): Promise<Plan> {
  if (place.kind === 'file') return parsePlan(await readFile(place.path, 'utf8'), place.path)
  const name = formatReference({ ...place.repository, tag: place.tag })
  const bytes = await getArtifact(registry, place.repository, place.tag, { type, limit })
  if (!bytes) throw new UserError(`The plan ${name} does not exist; make it with command: plan.`)
  const text = bytes.toString('utf8')
  if (planTag(planDigest(text)) !== place.tag)
    throw new UserError(
      `${name} is not the plan that its name says; somebody changed it, make it again with command: plan.`,
    )
  return parsePlan(text, name)
}
