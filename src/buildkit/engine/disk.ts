import { statfs } from 'node:fs/promises'
import { hostname } from 'node:os'
import type { Builder } from './builder.ts'
import { type EngineInfo, parseInfo, type RunDocker } from './info.ts'
import type { EngineDisk } from './space.ts'

export type FoundDisk =
  { kind: 'disk'; disk: EngineDisk; driver: 'docker' | 'docker-container' } | { kind: 'unknown'; why: string }

/** @returns the disk on which a builder keeps what it pulls, if this machine has it */
export async function findDisk(docker: RunDocker, builder: Builder): Promise<FoundDisk> {
  const { driver, endpoints } = builder
  if (driver !== 'docker' && driver !== 'docker-container')
    return unknown(`the builder has the driver "${driver}", and its disk is not on this machine`)
  const [endpoint, ...others] = endpoints
  if (endpoint === undefined) return unknown('buildx does not report where the builder runs')
  if (others.some((other) => other !== endpoint)) return unknown('the builder has nodes on several engines')
  const host = await hostOf(docker, endpoint)
  if (host === undefined) return unknown(`docker does not know where "${endpoint}" is`)
  // To connect to another machine could ask for a password. An address may name a user:
  // `ssh://user@host`.
  if (!host.startsWith('unix://')) return unknown(`the engine is at ${host.replace(/\/\/[^@/]*@/, '//')}`)
  // The engine of the current context has answered already.
  const isKnown = endpoint === builder.engine?.context
  const answer = isKnown ? undefined : await docker(['--host', host, 'info', '--format', '{{json .}}'])
  const engine = answer ? parseInfo(answer.stdout).engine : builder.engine
  const found = engineFolders(driver, engine, hostname())
  if (found.kind === 'unknown') return found
  const disk = await mostFree(found.paths)
  if (!disk) return unknown(`there is no ${found.paths[0] ?? ''} on this machine`)
  return { kind: 'disk', disk: { ...disk, keepsBlobs: found.keepsBlobs }, driver }
}

function unknown(why: string): { kind: 'unknown'; why: string } {
  return { kind: 'unknown', why }
}

/** @param endpoint an address, or the name of a docker context */
async function hostOf(docker: RunDocker, endpoint: string): Promise<string | undefined> {
  if (endpoint.includes('://')) return endpoint
  const format = '{{.Endpoints.docker.Host}}'
  const { code, stdout } = await docker(['context', 'inspect', '--format', format, '--', endpoint])
  return code === 0 && stdout.trim() !== '' ? stdout.trim() : undefined
}

/** The default of a containerd that runs beside the engine (containerd's config.toml(5): root). */
const containerdRoot = '/var/lib/containerd'

export type EngineFolders =
  { kind: 'folders'; paths: string[]; keepsBlobs: boolean } | { kind: 'unknown'; why: string }

/**
 * @param machine hostname of this machine
 * @returns folders of this machine, one of which has what the builder pulls, and whether compressed
 *   layers stay there: BuildKit in a container and the containerd store keep them; the engine's
 *   older stores remove them when they are unpacked.
 */
export function engineFolders(
  driver: 'docker' | 'docker-container',
  engine: EngineInfo | undefined,
  machine: string,
): EngineFolders {
  if (!engine?.root.startsWith('/')) return unknown('the engine does not report where its files are')
  const { operatingSystem, containerdStore, root } = engine
  if (operatingSystem === 'Docker Desktop') return unknown('Docker Desktop has a disk of its own')
  if (engine.hostname !== machine)
    return unknown(`the engine runs on "${engine.hostname}", and this is "${machine}"`)
  if (driver === 'docker-container') return { kind: 'folders', paths: [root], keepsBlobs: true }
  const paths = containerdStore ? [root, containerdRoot] : [root]
  return { kind: 'folders', paths, keepsBlobs: containerdStore }
}

/** Of several disks that it may be, the one with most space refuses nothing that would fit. */
async function mostFree(paths: readonly string[]): Promise<{ path: string; free: number } | undefined> {
  const disks = await Promise.all(
    paths.map(async (path) => {
      const stat = await statfs(path).catch(() => undefined)
      // A file system without blocks (proc, some overlays) does not report its space.
      return stat && stat.blocks > 0 ? [{ path, free: stat.bavail * stat.bsize }] : []
    }),
  )
  return disks.flat().sort((one, other) => other.free - one.free)[0]
}
