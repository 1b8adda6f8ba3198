import * as v from 'valibot'
import { sentenceOf, UserError } from '../errors.ts'

export type ReleaseSettings = {
  /** `GITHUB_API_URL`: https://api.github.com, or that of a GitHub Enterprise Server */
  apiUrl: string
  token: string
  /** `GITHUB_REPOSITORY`: owner/name */
  repository: string
  tag: string
  /** Milliseconds for one request */
  timeout: number
  signal: AbortSignal
}

export type ReleaseUpdate =
  | { state: 'updated' | 'unchanged'; url: string }
  /** `warning` is a sentence: a tag can be pushed before its release is made, or without one. */
  | { state: 'absent'; warning: string }

/** How often the notes are written again because another workflow run wrote its own at the same time. */
const attempts = 4

/**
 * Changes the notes of a tag's release. GitHub has no conditional writes here, so they are read back: when `update` has
 * nothing to add to what is there, it is there.
 * @param update the new notes from the old ones; must give the same again when it is applied to its own result
 * @throws UserError if GitHub refuses, or `update` does
 */
export async function updateRelease(
  settings: ReleaseSettings,
  update: (body: string) => string,
): Promise<ReleaseUpdate> {
  const [owner = '', repo = ''] = settings.repository.split('/')
  // A chunk of its own, which most runs never load.
  const { getOctokit } = await import('@actions/github')
  const octokit = getOctokit(settings.token, { baseUrl: settings.apiUrl })
  const request = () => ({
    signal: AbortSignal.any([settings.signal, AbortSignal.timeout(settings.timeout)]),
  })
  for (let written = 0; ; written += 1) {
    const release = await read(settings, async () => {
      const { data } = await octokit.rest.repos.getReleaseByTag({
        owner,
        repo,
        tag: settings.tag,
        request: request(),
      })
      return { id: data.id, url: data.html_url, body: data.body ?? '' }
    })
    if (!release) return { state: 'absent', warning: absent(settings) }
    const body = update(release.body)
    if (body === release.body) return { state: written === 0 ? 'unchanged' : 'updated', url: release.url }
    if (written === attempts)
      throw new UserError(
        `The notes of the release ${settings.tag} lack the table after ${attempts} attempts to write it: something else writes them at the same time; give the workflow a concurrency group, and run it again.`,
      )
    await write(settings, async () => {
      // Nothing but the body: any other field would be changed as well.
      await octokit.rest.repos.updateRelease({
        owner,
        repo,
        release_id: release.id,
        body,
        request: request(),
      })
    })
  }
}

/** @returns undefined where there is no such release */
async function read<T>(settings: ReleaseSettings, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (failureOf(error).status === 404) return undefined
    throw refusal(settings, 'read', error)
  }
}

async function write(settings: ReleaseSettings, ask: () => Promise<void>): Promise<void> {
  try {
    await ask()
  } catch (error) {
    throw refusal(settings, 'written', error)
  }
}

function absent({ repository, tag }: ReleaseSettings): string {
  return `${repository} has no published release for the tag ${tag}, or github-token may not see it; the component table goes into its notes when this runs again after the release was made.`
}

/** What octokit throws (@octokit/request-error); without a response where there was no answer. */
const failure = v.object({
  status: v.number(),
  response: v.optional(v.object({ headers: v.record(v.string(), v.unknown()) })),
})

function failureOf(error: unknown): { status: number | undefined; limited: boolean } {
  const parsed = v.safeParse(failure, error)
  if (!parsed.success || !parsed.output.response) return { status: undefined, limited: false }
  const { status, response } = parsed.output
  const exhausted = response.headers['x-ratelimit-remaining'] === '0' || 'retry-after' in response.headers
  return { status, limited: status === 429 || (status === 403 && exhausted) }
}

const reasons: Partial<Record<number, string>> = {
  401: 'GitHub does not accept github-token; give it ${{ github.token }}, or a token that has not expired.',
  403: 'github-token may not do that; the job needs "permissions: contents: write".',
  404: 'the release is gone, or github-token may not change it; the job needs "permissions: contents: write".',
}

/** Characters of a foreign message; a gateway may answer with a whole page. */
const messageLimit = 300

function refusal(settings: ReleaseSettings, what: 'read' | 'written', error: unknown): UserError {
  settings.signal.throwIfAborted()
  const where = `The notes of the release ${settings.tag} of ${settings.repository} could not be ${what}`
  const { status, limited } = failureOf(error)
  const message = sentenceOf(error).replace(/\s+/g, ' ').slice(0, messageLimit)
  if (status === undefined)
    return new UserError(`${where}: ${settings.apiUrl} does not answer: ${message}`, { cause: error })
  const why = limited
    ? 'the rate limit of github-token is used up; run it again later.'
    : (reasons[status] ?? `GitHub answers ${status}: ${message}`)
  return new UserError(`${where}: ${why}`, { cause: error })
}
