import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A registry as a process of its own, with its content in memory. */
export type RealRegistry = { host: string; close: () => void }

/**
 * Starts distribution 3.
 *
 * @param deletes whether it deletes manifests, which its default does not
 */
export async function startDistribution(deletes = true): Promise<RealRegistry> {
  const port = await freePort()
  const config = join(mkdtempSync(join(tmpdir(), 'distribution-')), 'config.yml')
  const http = `{ addr: "127.0.0.1:${port}", secret: "of the tests" }`
  const storage = `{ inmemory: {}, delete: { enabled: ${String(deletes)} } }`
  writeFileSync(config, `version: 0.1\nstorage: ${storage}\nhttp: ${http}\n`)
  return start(['distribution', 'serve', config], port, { OTEL_TRACES_EXPORTER: 'none' })
}

/** Starts the registry of go-containerregistry, which has the referrers API. */
export async function startGoContainerRegistry(): Promise<RealRegistry> {
  const port = await freePort()
  return start(['go-containerregistry', `127.0.0.1:${port}`], port)
}

/**
 * Returns an address of this machine that is no loopback address, since a registry on one of those
 * is never asked over https.
 */
export function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((some) => some ?? [])
  const own = all.find(({ family, internal }) => family === 'IPv4' && !internal)
  if (!own) throw new Error('this machine has no address besides 127.0.0.1')
  return own.address
}

async function start(
  args: readonly string[],
  port: number,
  environment: NodeJS.ProcessEnv = {},
): Promise<RealRegistry> {
  const folder = resolve('.cache/bin')
  const file = existsSync(folder) && readdirSync(folder).find((name) => name.startsWith('registries-'))
  if (!file) throw new Error('.cache/bin has no registries; run script/build-registries')
  const child = spawn(join(folder, file), args, { stdio: 'ignore', env: { ...process.env, ...environment } })
  const host = `127.0.0.1:${port}`
  try {
    await answered(child, host)
  } catch (error) {
    child.kill()
    throw error
  }
  return {
    host,
    close: () => {
      child.kill()
    },
  }
}

async function answered(child: ChildProcess, host: string): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (child.exitCode !== null) throw new Error(`a registry ended with ${child.exitCode}`)
    const answer = await fetch(`http://${host}/v2/`).catch(() => undefined)
    if (answer?.ok) return
    await sleep(50)
  }
  throw new Error(`a registry at ${host} does not answer`)
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  await new Promise((done) => server.close(done))
  if (address === null || typeof address === 'string') throw new Error('there is no free port')
  return address.port
}
