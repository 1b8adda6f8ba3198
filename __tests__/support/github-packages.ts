import type { ServerResponse } from 'node:http'
import { type Handler, sendJson, type Seen } from './web-server.ts'

export type Version = { id: number; name: string; tags: string[] }

export type GitHubPackages = {
  /** Answers requests as api.github.com does */
  handler: Handler
  /** Its versions now, newest first */
  versions: Version[]
}

type Options = {
  /** Owner of the package */
  account?: string
  type?: 'Organization' | 'User'
  /** Who the token is of; null: a token of a workflow */
  tokenOf?: string | null
  scopes?: string
  /** Name of the package; slashes as in the registry */
  name?: string
  /** Answers a request in another way */
  instead?: (request: Pick<Seen, 'method' | 'path'>, response: ServerResponse) => boolean
}

const message = (text: string) => ({ message: text, documentation_url: 'https://docs.github.com/rest' })

/**
 * GitHub's REST API for one container package, in memory. Like the real one, it has a user's package
 * below `/user` for that user's token, pages of up to a hundred versions with links, and refuses to
 * delete the last version that has tags.
 */
export function createGitHubPackages(begin: readonly Version[], options: Options = {}): GitHubPackages {
  const { account = 'aibrix', type = 'Organization', tokenOf = null, name = 'image-cache' } = options
  const versions = begin.map((version) => ({ ...version }))
  const isOwn = type === 'User' && tokenOf === account
  const home = type === 'Organization' ? `/orgs/${account}` : isOwn ? '/user' : `/users/${account}`
  const package_ = `${home}/packages/container/${encodeURIComponent(name)}/versions`
  const described = ({ id, name, tags }: Version) => ({ id, name, metadata: { container: { tags } } })

  const list = (url: URL, host: string, response: ServerResponse): void => {
    const size = Number(url.searchParams.get('per_page') ?? 30)
    const page = Number(url.searchParams.get('page') ?? 1)
    const part = versions.slice((page - 1) * size, page * size)
    const next = `http://${host}${url.pathname}?per_page=${size}&page=${page + 1}`
    const isLast = page * size >= versions.length
    sendJson(response, 200, part.map(described), isLast ? {} : { link: `<${next}>; rel="next"` })
  }
  const remove = (version: Version, response: ServerResponse): void => {
    const tagged = versions.filter(({ tags }) => tags.length > 0)
    if (tagged.length === 1 && tagged[0] === version)
      sendJson(
        ...([response, 400] as const),
        message(
          'You cannot delete the last tagged version of a package. You must delete the package instead.',
        ),
      )
    else {
      versions.splice(versions.indexOf(version), 1)
      response.writeHead(204).end()
    }
  }
  const handler: Handler = ({ method, path, raw }, response) => {
    if (options.scopes !== undefined) response.setHeader('x-oauth-scopes', options.scopes)
    if (options.instead?.({ method, path }, response)) return
    const url = new URL(path, 'http://github')
    const version = versions.find(({ id }) => url.pathname === `${package_}/${id}`)
    if (url.pathname === `/users/${account}`) sendJson(response, 200, { login: account, type })
    else if (url.pathname === '/user' && tokenOf === null)
      sendJson(response, 403, message('Resource not accessible by integration'))
    else if (url.pathname === '/user') sendJson(response, 200, { login: tokenOf })
    else if (url.pathname === package_) list(url, raw.headers.host ?? '', response)
    else if (version === undefined) sendJson(response, 404, message('Package not found.'))
    else if (method === 'DELETE') remove(version, response)
    else sendJson(response, 200, described(version))
  }
  return { handler, versions }
}
