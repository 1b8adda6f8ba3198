import { readFile, writeFile } from 'node:fs/promises'
import { UserError } from '../errors.ts'
import { parsePlan, planDigest, serialisePlan } from './plan-document.ts'
import type { Plan } from '../plan/index.ts'
import { documents, planTag } from './contents.ts'
import {
  formatReference,
  getArtifact,
  isDenied,
  putArtifact,
  type RegistryClient,
  type Repository,
} from '../registry/index.ts'

/** Where a plan is stored: under its tag in a cache repository, or in a file on the runner. */
export type PlanPlace =
  { kind: 'registry'; repository: Repository; tag: string } | { kind: 'file'; path: string }

/** How other runners find a plan. `why` is a reason: why it is only a file on this runner. */
export type StoredPlan = { reference: string; why?: string }

/**
 * Stores a plan as a file, and in the cache repository where that is writable.
 * @param how.file path
 * @throws UserError if the registry fails; its refusal is not a failure
 */
export async function writePlan(
  registry: Pick<RegistryClient, 'putBlob' | 'putManifest'>,
  repository: Repository,
  plan: Plan,
  { file, redact, created }: { file: string; redact: (text: string) => string; created: Date },
): Promise<StoredPlan> {
  const text = serialisePlan(plan)
  if (redact(text) !== text)
    throw new UserError(
      'The plan would contain the password, the token or another secret; remove it from the other input that has it, such as "build-args" or "tags".',
    )
  await writeFile(file, text)
  if (plan.publicTags === 'ignore') return { reference: file, why: 'nothing is pushed in this run' }
  const tag = planTag(planDigest(text))
  try {
    const { type } = documents.plan
    await putArtifact(registry, repository, tag, { type, bytes: Buffer.from(text), created })
    return { reference: formatReference({ ...repository, tag }) }
  } catch (error) {
    if (!isDenied(error)) throw error
    return { reference: file, why: error.message }
  }
}

/** @throws UserError if the plan does not exist, or its content is not what the tag names */
export async function readPlan(
  registry: Pick<RegistryClient, 'getManifest' | 'getBlob'>,
  place: PlanPlace,
): Promise<Plan> {
  if (place.kind === 'file') return parsePlan(await readFile(place.path, 'utf8'), place.path)
  const name = formatReference({ ...place.repository, tag: place.tag })
  const bytes = await getArtifact(registry, place.repository, place.tag, documents.plan)
  if (!bytes) throw new UserError(`The plan ${name} does not exist; create it with command: plan.`)
  const text = bytes.toString('utf8')
  if (planTag(planDigest(text)) !== place.tag)
    throw new UserError(
      `${name} is not the plan that its tag names; it was changed, so create it again with command: plan.`,
    )
  return parsePlan(text, name)
}
