import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import * as v from 'valibot'
import { parsed } from '../../json.ts'

/** The runner's files: `GITHUB_ARTIFACTS` to declare in, `GITHUB_ARTIFACTS_LIST` with what is declared. */
export type ArtifactFiles = { declare: string | undefined; list: string | undefined }

/** An image, by a name that no other one in the job has: `docker.io/my-team/vllm-openai:stable`. */
export type DeclaredImage = { name: string; digest: string }

/** Of one job; the runner fails the step that declares more. */
const most = 500

const listSchema = v.object({ subjects: v.array(v.object({ name: v.string() })) })

/**
 * Declares images to the runner, for later steps of the job such as `actions/attest` without a
 * subject. The format: a line `name@sha256:<hex>` each (actions/runner 2.336.0 and later,
 * CreateArtifactsFileCommand.cs). Older runners have no such file, and where the feature is off it is
 * ignored. The runner fails a step that declares a name again with another digest, so a name that an
 * earlier step declared is left out.
 * @returns the names that were left out
 * @throws if a file cannot be read or written
 */
export function declareImages(images: readonly DeclaredImage[], { declare, list }: ArtifactFiles): string[] {
  if (declare === undefined || images.length === 0) return []
  const known = new Set(list !== undefined && existsSync(list) ? namesIn(readFileSync(list, 'utf8')) : [])
  const fresh = images.filter(({ name }) => !known.has(name)).slice(0, Math.max(0, most - known.size))
  appendFileSync(declare, fresh.map(({ name, digest }) => `${name}@${digest}\n`).join(''))
  return images.flatMap((image) => (fresh.includes(image) ? [] : [image.name]))
}

/** Where the feature is off, the list is empty. */
function namesIn(text: string): string[] {
  return parsed(listSchema, text)?.subjects.map(({ name }) => name) ?? []
}
