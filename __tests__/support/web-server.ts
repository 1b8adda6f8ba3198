import type { Timeouts } from '../../src/registry/http/watch.ts'
import { afterEach, expect } from '@jest/globals'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { UserError } from '../../src/errors.ts'
import { createRegistryClient, type RegistryClient } from '../../src/registry/client.ts'
import type { CredentialLookup } from '../../src/registry/auth/credentials.ts'
import type { Repository } from '../../src/registry/content/reference.ts'
import { listen } from './listen.ts'

export type Seen = { method: string; path: string; authorization: string | undefined; body: string }

export type TestServer = {
  /** `127.0.0.1:<port>` */
  host: string
  /** Every request in order, with its sensitive parts: the Authorization header and body */
  seen: Seen[]
  close: () => Promise<void>
}

/** `bytes`: the raw body */
export type Handler = (
  request: Seen & { raw: IncomingMessage; bytes: Buffer },
  response: ServerResponse,
) => void

/**
 * Counts the requests of several servers together, from the first byte until the response was sent.
 */
export type Gauge = { now: number; most: number }

/**
 * Starts a web server on this machine in the role of the registry, the token service or an
 * attacker.
 */
export async function startServer(handler: Handler, gauge: Gauge = { now: 0, most: 0 }): Promise<TestServer> {
  const seen: Seen[] = []
  const server = createServer((raw, response) => {
    gauge.now += 1
    gauge.most = Math.max(gauge.most, gauge.now)
    let isOver = false
    const leave = () => {
      if (!isOver) gauge.now -= 1
      isOver = true
    }
    response.on('finish', leave).on('close', leave)
    const chunks: Buffer[] = []
    raw.on('data', (chunk: Buffer) => chunks.push(chunk))
    raw.on('end', () => {
      const bytes = Buffer.concat(chunks)
      const entry = {
        method: raw.method ?? '',
        path: raw.url ?? '',
        authorization: raw.headers.authorization,
        body: bytes.toString(),
      }
      seen.push(entry)
      handler({ ...entry, raw, bytes }, response)
    })
  })
  return { ...(await listen(server)), seen }
}

export function sendJson(
  response: ServerResponse,
  status: number,
  content: unknown,
  headers: Record<string, string> = {},
) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(content))
}

export const anonymous: CredentialLookup = () => Promise.resolve(undefined)

/** Closes after each test what it opened. */
export function useOpened(): {
  opened: { close: () => unknown }[]
  server: (handler: Handler, gauge?: Gauge) => Promise<TestServer>
  client: (credentials?: CredentialLookup, timeouts?: Timeouts, more?: object) => RegistryClient
} {
  const opened: { close: () => unknown }[] = []
  afterEach(async () => {
    for (const each of opened.splice(0)) await each.close()
  })
  return {
    opened,
    server: async (handler, gauge) => {
      const started = await startServer(handler, gauge)
      opened.push(started)
      return started
    },
    client: (credentials = anonymous, timeouts = { request: 5000, stall: 5000 }, more = {}) => {
      const created = createRegistryClient({ credentials, timeouts, ...more })
      opened.push(created)
      return created
    },
  }
}

export const at = (registry: TestServer, path = 'aibrix/x'): Repository => ({ registry: registry.host, path })

/** Returns the message of the error. */
export async function sentence(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => 'no error',
    (error: unknown) => error,
  )
  expect(error).toBeInstanceOf(UserError)
  return (error as UserError).message
}
