import * as v from 'valibot'
import { sentenceOf, UserError } from '../../errors.ts'
import { parsed } from '../../json.ts'
import { askGitHub, type GitHubAnswer, type GitHubApi } from './github-api.ts'

export type ReleaseSettings = GitHubApi & {
  /** `GITHUB_REPOSITORY`: owner/name */
  repository: string
  tag: string
}

export type ReleaseUpdate =
  | { state: 'updated' | 'unchanged'; url: string }
  /** `warning` is a sentence: a tag can be pushed before its release is created, or without one. */
  | { state: 'absent'; warning: string }

/** Attempts to write the notes while another workflow run writes its own. */
const attempts = 4

/**
 * Changes the notes of a tag's release. GitHub has no conditional writes here, so the notes are
 * read back, until `update` has nothing to change.
 * @param update returns the new notes for the old ones; must not change its own result
 * @throws UserError if GitHub refuses, or `update` does
 */
export async function updateRelease(
  settings: ReleaseSettings,
  update: (body: string) => string,
): Promise<ReleaseUpdate> {
  for (let written = 0; ; written += 1) {
    const release = await read(settings)
    if (!release)
      return {
        state: 'absent',
        warning: `${settings.repository} has no published release for the tag ${settings.tag}, or github-token may not see it; run this again after the release was created to add the component table to its notes.`,
      }
    const body = update(release.body)
    if (body === release.body) return { state: written === 0 ? 'unchanged' : 'updated', url: release.url }
    if (written === attempts)
      throw new UserError(
        `The notes of the release ${settings.tag} lack the table after ${attempts} attempts: another run writes them at the same time; give the workflow a concurrency group, and run it again.`,
      )
    // Only the body, since any other field would be changed as well.
    const answer = await asked(settings, 'written', 'PATCH', String(release.id), { body })
    if (answer.status !== 200) throw refusalOf(settings, 'written', answer)
  }
}

type Release = { id: number; url: string; body: string }

/** The fields of a release that are read (REST, "Get a release by tag name") */
const releaseSchema = v.pipe(
  v.object({ id: v.number(), html_url: v.string(), body: v.nullish(v.string(), '') }),
  v.transform(({ id, html_url: url, body }): Release => ({ id, url, body })),
)

/** @returns undefined if there is no such release */
async function read(settings: ReleaseSettings): Promise<Release | undefined> {
  const answer = await asked(settings, 'read', 'GET', `tags/${encodeURIComponent(settings.tag)}`)
  if (answer.status === 404) return undefined
  if (answer.status !== 200) throw refusalOf(settings, 'read', answer)
  const release = parsed(releaseSchema, answer.text)
  if (release === undefined)
    throw new UserError(
      `${failed(settings, 'read')}: the answer of ${settings.url} is not a release: ${short(answer.text)}`,
    )
  return release
}

/** @throws UserError if there is no answer */
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

type Access = 'read' | 'written'

function failed({ repository, tag }: ReleaseSettings, what: Access): string {
  return `The notes of the release ${tag} of ${repository} could not be ${what}`
}

const reasons: Partial<Record<number, string>> = {
  401: 'GitHub does not accept github-token; give it ${{ github.token }}, or a token that has not expired.',
  403: 'github-token may not do that; the job needs "permissions: contents: write".',
  404: 'the release is gone, or github-token may not change it; the job needs "permissions: contents: write".',
}

/** Characters of a foreign message; a gateway may return a whole page. */
const messageLimit = 300

function short(message: string): string {
  return message.replace(/\s+/g, ' ').slice(0, messageLimit)
}

function refusalOf(
  settings: ReleaseSettings,
  what: Access,
  { status, headers, text }: GitHubAnswer,
): UserError {
  const exhausted = headers['x-ratelimit-remaining'] === '0' || 'retry-after' in headers
  if (status === 429 || (status === 403 && exhausted))
    return new UserError(
      `${failed(settings, what)}: the rate limit of github-token is used up; run it again later.`,
    )
  const message = short(parsed(v.object({ message: v.string() }), text)?.message ?? text)
  return new UserError(
    `${failed(settings, what)}: ${reasons[status] ?? `GitHub answered ${status}: ${message}`}`,
  )
}
