import * as http from 'node:http'
import * as https from 'node:https'
import { buffer } from 'node:stream/consumers'
import { HttpClient } from '@actions/http-client'
import { redirectOf } from '../redirect.ts'

/** The API of GitHub, or of a GitHub Enterprise Server */
export type GitHubApi = {
  /** `GITHUB_API_URL`: https://api.github.com */
  url: string
  token: string
  /** Milliseconds for one request */
  timeout: number
  signal: AbortSignal
}

export type GitHubAnswer = { status: number; headers: http.IncomingHttpHeaders; text: string }

/** Redirects that are followed, such as that of a renamed repository. */
const redirects = 3

/**
 * Sends a request to GitHub's REST API, through the job's proxy if there is one.
 * @param path below the API's address: `/repos/aibrix/aibrix/releases/42`
 * @param body sent as JSON
 * @throws an error of the network, or the signal's reason
 */
export async function askGitHub(
  api: GitHubApi,
  method: 'GET' | 'PATCH',
  path: string,
  body?: unknown,
): Promise<GitHubAnswer> {
  const signal = AbortSignal.any([api.signal, AbortSignal.timeout(api.timeout)])
  const content = body === undefined ? undefined : JSON.stringify(body)
  // As in docs.github.com, "Getting started with the REST API"
  const headers = {
    'user-agent': 'aibrix-image-action',
    accept: 'application/vnd.github+json',
    'x-github-api-version': '2022-11-28',
    authorization: `token ${api.token}`,
    ...(content !== undefined && {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(content),
    }),
  }
  let url = new URL(api.url.replace(/\/$/, '') + path)
  for (let left = redirects; ; left -= 1) {
    const answer = await exchange(url, { method, headers, signal }, content)
    const location = redirectOf(answer)
    if (location === undefined) return answer
    const next = new URL(location, url)
    // No other host gets the token.
    if (next.origin !== url.origin || left === 0) return answer
    url = next
  }
}

/** `HttpClient` chooses the agent, for proxies; the request is Node's, for the signal. */
async function exchange(
  url: URL,
  options: http.RequestOptions,
  content: string | undefined,
): Promise<GitHubAnswer> {
  const client = new HttpClient()
  try {
    const outgoing = (url.protocol === 'https:' ? https : http).request(url, {
      ...options,
      agent: client.getAgent(url.href),
    })
    const incoming = await new Promise<http.IncomingMessage>((resolve, reject) =>
      outgoing.once('response', resolve).once('error', reject).end(content),
    )
    const text = (await buffer(incoming)).toString('utf8')
    return { status: incoming.statusCode ?? 0, headers: incoming.headers, text }
  } finally {
    client.dispose()
  }
}
