import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Statement, TestedImage } from '../report/index.ts'
import { formatReference, formatRepository } from '../registry/index.ts'
import { attempt, declareImages } from '../system/index.ts'
import { setOutputs, type ShowSettings } from './show.ts'

/** One entry of the output `attestations`. */
type Attestation = {
  id: string
  /** `docker.io/aibrix/vllm-openai`, as `subject-name` of actions/attest */
  name: string
  digest: string
  result: string
  /** Of the file with the predicate */
  path: string
  /** Of the file with the whole statement */
  statement: string
}

/**
 * Writes how newly published images were judged, for a later step to sign, and declares them to the
 * runner. What was published is not affected by a failure.
 * @param environment with the variables of GitHub Actions
 */
export async function publishAttestations(
  images: readonly TestedImage[],
  environment: NodeJS.ProcessEnv,
  show: ShowSettings,
): Promise<void> {
  const { statementOf } = await import('../report/attestation/test-result.ts')
  const { workspace, redact, warn } = show
  const folder = join(workspace.root, 'attestations')
  const url = runUrl(environment)
  const attestations: Attestation[] = []
  const isThere = attempt(warn, 'An attestation', 'The output "attestations" is empty.', () => {
    for (const image of images)
      attestations.push(writeFiles(image, statementOf(image, { url, redact }), folder))
  })
  setOutputs(show, {
    attestations: isThere ? JSON.stringify(attestations) : '',
    'attestations-path': isThere && attestations.length > 0 ? folder : '',
  })
  declare(images, environment, show)
}

function writeFiles(
  { id, repository, digest }: TestedImage,
  statement: Statement,
  folder: string,
): Attestation {
  const files = { path: join(folder, `${id}.json`), statement: join(folder, `${id}.statement.json`) }
  mkdirSync(folder, { recursive: true })
  writeFileSync(files.path, `${JSON.stringify(statement.predicate)}\n`)
  writeFileSync(files.statement, `${JSON.stringify(statement)}\n`)
  const { result } = statement.predicate
  return { id, name: formatRepository(repository), digest, result, ...files }
}

/** An image by its first tag: several images of a run are in one repository. */
function declare(
  images: readonly TestedImage[],
  { GITHUB_ARTIFACTS, GITHUB_ARTIFACTS_LIST }: NodeJS.ProcessEnv,
  { warn, log }: ShowSettings,
): void {
  const named = images.map(({ repository, digest, tags: [tag] }) => ({
    name: formatReference({ ...repository, ...(tag !== undefined && { tag }) }),
    digest,
  }))
  const files = { declare: GITHUB_ARTIFACTS, list: GITHUB_ARTIFACTS_LIST }
  attempt(warn, "The runner's list of artifacts", 'Later steps do not find the images in it.', () => {
    const left = declareImages(named, files)
    if (left.length > 0)
      log(`Not declared to the runner, whose list has these names or is full: ${left.join(', ')}`)
  })
}

/** @returns the address of the workflow run; undefined outside of GitHub */
function runUrl({
  GITHUB_SERVER_URL: server,
  GITHUB_REPOSITORY: repository,
  GITHUB_RUN_ID: run,
  GITHUB_RUN_ATTEMPT: number = '1',
}: NodeJS.ProcessEnv): string | undefined {
  if (server === undefined || repository === undefined || run === undefined) return undefined
  return `${server}/${repository}/actions/runs/${run}/attempts/${number}`
}
