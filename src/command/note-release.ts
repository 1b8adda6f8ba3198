import { publicDigest, type Run, updateReleaseNotes } from '../report/index.ts'
import { type Output, updateRelease } from '../system/index.ts'

/** Milliseconds per request */
const timeout = 30_000

/**
 * Adds the measured components of what a run published to the notes of its release, if any.
 * @param environment with the variables of GitHub Actions
 * @throws UserError if GitHub refuses
 */
export async function noteRelease(
  run: Run,
  token: string,
  tag: string,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
  output: Output,
): Promise<void> {
  const { GITHUB_API_URL: url = '', GITHUB_REPOSITORY: repository = '' } = environment
  if (run.outcomes.every((outcome) => publicDigest(outcome) === undefined)) return
  const settings = { url, token, repository, tag, timeout, signal }
  const update = await updateRelease(settings, (body) => updateReleaseNotes(body, run.outcomes))
  if (update.state === 'absent') output.annotate('warning', update.warning)
  else output.log(`The notes of the release ${tag} are ${update.state}: ${update.url}`)
}
