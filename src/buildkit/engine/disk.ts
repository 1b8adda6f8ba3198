import { statfs } from 'node:fs/promises'
import { hostname } from 'node:os'
import type { RunDocker } from './docker.ts'
import { builderPlace, enginePaths } from './engine-disk.ts'
import type { EngineDisk } from './space.ts'

export type FoundDisk =
  { kind: 'disk'; disk: EngineDisk; driver: 'docker' | 'docker-container' } | { kind: 'unknown'; why: string }

/** @returns the disk that a builder fills, if it is one of this machine */
export async function findDisk(docker: RunDocker, builder: string): Promise<FoundDisk> {
  const place = builderPlace((await docker(['buildx', 'inspect', '--', builder])).stdout)
  if (place.kind === 'elsewhere') return { kind: 'unknown', why: place.why }
  const host = await hostOf(docker, place.endpoint)
  if (host === undefined) return { kind: 'unknown', why: `docker does not know where "${place.endpoint}" is` }
  const info = host.startsWith('unix://')
    ? await docker(['--host', host, 'info', '--format', '{{json .}}'])
    : { stdout: '' }
  const found = enginePaths(place, host, info.stdout, hostname())
  if (found.kind === 'elsewhere') return { kind: 'unknown', why: found.why }
  const disk = await mostFree(found.paths)
  if (!disk) return { kind: 'unknown', why: `there is no ${found.paths[0] ?? ''} on this machine` }
  return { kind: 'disk', disk: { ...disk, keepsBlobs: found.keepsBlobs }, driver: place.driver }
}

/** @param endpoint an address, or the name of a context of docker */
async function hostOf(docker: RunDocker, endpoint: string): Promise<string | undefined> {
  if (endpoint.includes('://')) return endpoint
  const format = '{{.Endpoints.docker.Host}}'
  const { code, stdout } = await docker(['context', 'inspect', '--format', format, '--', endpoint])
  return code === 0 && stdout.trim() !== '' ? stdout.trim() : undefined
}

/** Where it can't be told which of several disks it is, the one with most room refuses nothing that would fit. */
async function mostFree(paths: readonly string[]): Promise<{ path: string; free: number } | undefined> {
  const disks = await Promise.all(
    paths.map(async (path) => {
      const stat = await statfs(path).catch(() => undefined)
      // A file system without blocks (proc, some overlays) does not tell its room.
      return stat && stat.blocks > 0 ? [{ path, free: stat.bavail * stat.bsize }] : []
    }),
  )
  return disks.flat().sort((one, other) => other.free - one.free)[0]
}
