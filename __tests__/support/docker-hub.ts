import type { ServerResponse } from 'node:http'
import { type Handler, sendJson, type Seen } from './web-server.ts'

export type DockerHubApi = {
  /** Answers requests as hub.docker.com does */
  handler: Handler
  /** Makes all logins expire */
  expire: () => void
}

type Options = {
  password: string
  /** The tags of the repository: tag → digest */
  tags: Map<string, string>
  path?: string
  immutable?: RegExp
  /** Answers a request in another way */
  instead?: (request: Pick<Seen, 'method' | 'path'>, response: ServerResponse) => boolean
}

/** Docker Hub's API for the tags of one repository, in memory, with logins that expire. */
export function createDockerHubApi({
  password,
  tags,
  path: repository = 'aibrix/image-cache',
  immutable,
  instead,
}: Options): DockerHubApi {
  let logins = 0
  let valid = ''
  const handler: Handler = ({ method, path, body, authorization }, response) => {
    if (instead?.({ method, path }, response)) return
    if (method === 'POST' && path === '/v2/auth/token') {
      const { secret } = JSON.parse(body) as { secret: string }
      valid = `canary-jwt-${(logins += 1)}`
      if (secret === password) sendJson(response, 200, { access_token: valid })
      else sendJson(response, 401, { detail: `incorrect authentication credentials for ${secret}` })
      return
    }
    if (authorization !== `Bearer ${valid}`) {
      sendJson(response, 401, { message: 'unauthorized', errinfo: null })
      return
    }
    const tag = new RegExp(`^/v2/repositories/${repository}/tags/([^/]+)/$`).exec(path)?.[1]
    if (method !== 'DELETE' || tag === undefined || !tags.has(tag))
      sendJson(response, 404, { message: 'object not found', errinfo: {} })
    else if (immutable?.test(tag)) sendJson(response, 403, { message: 'tag is immutable', errinfo: {} })
    else {
      tags.delete(tag)
      response.writeHead(204).end()
    }
  }
  return {
    handler,
    expire: () => {
      valid = ''
    },
  }
}
