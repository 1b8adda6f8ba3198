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

/** Where a plan is: under its tag in a cache repository, or in a file on the runner. */
export type PlanPlace =
  { kind: 'registry'; repository: Repository; tag: string } | { kind: 'file'; path: string }

/** A plan as other runners find it. `why` says in a sentence why it is not in the registry. */
export type StoredPlan = { reference: string; why?: string }

/**
 * Stores a plan as a file, and in the cache repository where that can be written.
 * @param how.file path
 * @throws UserError if the registry fails, which is something else than that it refuses
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
      'The plan would hold the password, the token or another secret; take it out of the input that has it, too, such as "build-args" or "tags".',
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

/** @throws UserError if there is none, or what is there is not the plan that the reference names */
export async function readPlan(
  registry: Pick<RegistryClient, 'getManifest' | 'getBlob'>,
  place: PlanPlace,
): Promise<Plan> {
  if (place.kind === 'file') return parsePlan(await readFile(place.path, 'utf8'), place.path)
  const name = formatReference({ ...place.repository, tag: place.tag })
  const bytes = await getArtifact(registry, place.repository, place.tag, documents.plan)
  if (!bytes) throw new UserError(`The plan ${name} does not exist; make it with command: plan.`)
  const text = bytes.toString('utf8')
  if (planTag(planDigest(text)) !== place.tag)
    throw new UserError(
      `${name} is not the plan that its name says; somebody changed it, make it again with command: plan.`,
    )
  return parsePlan(text, name)
}
