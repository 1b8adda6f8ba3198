import * as v from 'valibot'
import { parsed } from '../../json.ts'

/** Which engine a builder works in: `docker` and `docker-container` builders have one, the others none that is known here. */
export type BuilderPlace =
  | { kind: 'engine'; driver: 'docker' | 'docker-container'; endpoint: string }
  | { kind: 'elsewhere'; why: string }

/** @param text of `docker buildx inspect` @returns where the builder keeps what it pulls */
export function builderPlace(text: string): BuilderPlace {
  const driver = /^Driver:\s*(\S+)/m.exec(text)?.[1] ?? ''
  const endpoints = [...text.matchAll(/^Endpoint:\s*(\S+)/gm)].map((match) => match[1] ?? '')
  if (driver !== 'docker' && driver !== 'docker-container')
    return {
      kind: 'elsewhere',
      why: `the builder has the driver "${driver}", and its disk is not on this machine`,
    }
  const [endpoint, ...others] = endpoints
  if (endpoint === undefined) return { kind: 'elsewhere', why: 'buildx does not say where the builder runs' }
  if (others.some((other) => other !== endpoint))
    return { kind: 'elsewhere', why: 'the builder has nodes on several engines' }
  return { kind: 'engine', driver, endpoint }
}

export type EnginePaths =
  { kind: 'here'; paths: string[]; keepsBlobs: boolean } | { kind: 'elsewhere'; why: string }

const infoSchema = v.object({
  Name: v.string(),
  OperatingSystem: v.optional(v.string(), ''),
  DockerRootDir: v.pipe(v.string(), v.startsWith('/')),
  DriverStatus: v.nullish(v.array(v.array(v.string())), []),
})

/** What a containerd beside the engine uses if nobody has changed it (containerd's config.toml(5): root). */
const containerdRoot = '/var/lib/containerd'

/**
 * @param host address of the engine: `unix:///var/run/docker.sock`
 * @param info text of `docker info --format '{{json .}}'`
 * @param hostname of this machine
 * @returns folders on this machine one of which has what the builder pulls, and whether compressed layers are kept there.
 * BuildKit in a container and the containerd store keep them; the older stores of the engine remove them when unpacked.
 */
export function enginePaths(
  { driver }: { driver: 'docker' | 'docker-container' },
  host: string,
  info: string,
  hostname: string,
): EnginePaths {
  if (!host.startsWith('unix://')) return { kind: 'elsewhere', why: `the engine is at ${withoutUser(host)}` }
  const engine = parsed(infoSchema, info)
  if (engine === undefined) return { kind: 'elsewhere', why: 'the engine does not say where its files are' }
  const { Name: name, OperatingSystem: system, DockerRootDir: root, DriverStatus: status } = engine
  if (system === 'Docker Desktop') return { kind: 'elsewhere', why: 'Docker Desktop has a disk of its own' }
  if (name !== hostname)
    return { kind: 'elsewhere', why: `the engine is of "${name}", and this is "${hostname}"` }
  const store = status.some(
    ([key, value]) => key === 'driver-type' && value === 'io.containerd.snapshotter.v1',
  )
  if (driver === 'docker-container') return { kind: 'here', paths: [root], keepsBlobs: true }
  return { kind: 'here', paths: store ? [root, containerdRoot] : [root], keepsBlobs: store }
}

/** An address may name a user (`ssh://user@host`). */
function withoutUser(host: string): string {
  return host.replace(/\/\/[^@/]*@/, '//')
}

const units: Record<string, number> = { B: 1, kB: 1e3, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 }

/** @param text of `docker buildx du` @returns bytes that BuildKit's cache has, undefined if that is not said */
export function cacheSize(text: string): number | undefined {
  const match = /^Total:\s*([\d.]+)\s*([kKMGT]?B)\s*$/m.exec(text)
  const factor = units[match?.[2] ?? '']
  return match && factor !== undefined ? Number(match[1]) * factor : undefined
}
