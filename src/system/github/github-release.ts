import * as v from 'valibot'
import { sentenceOf, UserError } from '../../errors.ts'
import { askGitHub, type GitHubAnswer, type GitHubApi } from './github-api.ts'

export type ReleaseSettings = GitHubApi & {
  /** `GITHUB_REPOSITORY`: owner/name */
  repository: string
  tag: string
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
  for (let written = 0; ; written += 1) {
    const release = await read(settings)
    if (!release) return { state: 'absent', warning: absent(settings) }
    const body = update(release.body)
    if (body === release.body) return { state: written === 0 ? 'unchanged' : 'updated', url: release.url }
    if (written === attempts)
      throw new UserError(
        `The notes of the release ${settings.tag} lack the table after ${attempts} attempts to write it: something else writes them at the same time; give the workflow a concurrency group, and run it again.`,
      )
    await write(settings, release.id, body)
  }
}

type Release = { id: number; url: string; body: string }

/** What of a release is read (REST, "Get a release by tag name") */
const releaseSchema = v.pipe(
  v.object({ id: v.number(), html_url: v.string(), body: v.nullish(v.string(), '') }),
  v.transform(({ id, html_url: url, body }): Release => ({ id, url, body })),
)

/** @returns undefined where there is no such release */
async function read(settings: ReleaseSettings): Promise<Release | undefined> {
  const answer = await asked(settings, 'read', 'GET', `tags/${encodeURIComponent(settings.tag)}`)
  if (answer.status === 404) return undefined
  const release = v.safeParse(v.pipe(v.string(), v.parseJson(), releaseSchema), answer.text)
  if (answer.status !== 200) throw refusal(settings, 'read', answer)
  if (!release.success)
    throw new UserError(
      `${failed(settings, 'read')}: what ${settings.url} answers is no release: ${short(answer.text)}`,
    )
  return release.output
}

async function write(settings: ReleaseSettings, id: number, body: string): Promise<void> {
  // Nothing but the body: any other field would be changed as well.
  const answer = await asked(settings, 'written', 'PATCH', String(id), { body })
  if (answer.status !== 200) throw refusal(settings, 'written', answer)
}

/** @throws UserError where there is no answer */
async function asked(
  settings: ReleaseSettings,
  what: Access,
  method: 'GET' | 'PATCH',
  release: string,
  body?: unknown,
): Promise<GitHubAnswer> {
  try {
    return await askGitHub(settings, method, `/repos/${settings.repository}/releases/${release}`, body)
  } catch (error) {
    settings.signal.throwIfAborted()
    throw new UserError(
      `${failed(settings, what)}: ${settings.url} does not answer: ${short(sentenceOf(error))}`,
      { cause: error },
    )
  }
}

function absent({ repository, tag }: ReleaseSettings): string {
  return `${repository} has no published release for the tag ${tag}, or github-token may not see it; the component table goes into its notes when this runs again after the release was made.`
}

type Access = 'read' | 'written'

function failed({ repository, tag }: ReleaseSettings, what: Access): string {
  return `The notes of the release ${tag} of ${repository} could not be ${what}`
}

const reasons: Partial<Record<number, string>> = {
  401: 'GitHub does not accept github-token; give it ${{ github.token }}, or a token that has not expired.',
  403: 'github-token may not do that; the job needs "permissions: contents: write".',
  404: 'the release is gone, or github-token may not change it; the job needs "permissions: contents: write".',
}

/** Characters of a foreign message; a gateway may answer with a whole page. */
const messageLimit = 300

function short(message: string): string {
  return message.replace(/\s+/g, ' ').slice(0, messageLimit)
}

const messageSchema = v.pipe(v.string(), v.parseJson(), v.object({ message: v.string() }))

function refusal(
  settings: ReleaseSettings,
  what: Access,
  { status, headers, text }: GitHubAnswer,
): UserError {
  const exhausted = headers['x-ratelimit-remaining'] === '0' || 'retry-after' in headers
  if (status === 429 || (status === 403 && exhausted))
    return new UserError(
      `${failed(settings, what)}: the rate limit of github-token is used up; run it again later.`,
    )
  const parsed = v.safeParse(messageSchema, text)
  const message = short(parsed.success ? parsed.output.message : text)
  return new UserError(
    `${failed(settings, what)}: ${reasons[status] ?? `GitHub answers ${status}: ${message}`}`,
  )
}
