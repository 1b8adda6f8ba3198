import { parsed } from '../../json.ts'
import * as v from 'valibot'

/** Runs docker with these arguments. @throws UserError if docker is not installed */
export type RunDocker = (args: string[]) => Promise<{ code: number; stdout: string; stderr: string }>

/** What `docker buildx inspect` reports. */
export type BuilderInfo = {
  name: string
  /** `docker`, `docker-container`, `remote`, `kubernetes`, `cloud`; empty if undetermined */
  driver: string
  /** Why it can't be used, in buildx' words */
  error: string | undefined
  /** `linux/amd64`; empty for a builder that does not run yet */
  platforms: string[]
  /** One a node: an address, or the name of a docker context */
  endpoints: string[]
  /** Of BuildKit, one a node that runs: `v0.13.2`, or `v0.0.0+unknown` */
  versions: string[]
}

/** What `docker info` reports about an engine that answers. */
export type EngineInfo = {
  /** Name of the docker context in which it was asked */
  context: string
  /** `26.1.5+dfsg1` */
  version: string
  /** Whether it uses the containerd image store */
  containerdStore: boolean
  hostname: string
  operatingSystem: string
  /** Where it keeps its files */
  root: string
}

export type BuildxVersion = { major: number; minor: number; text: string }

/** @returns undefined if the text is not what buildx prints */
export function parseBuilder(text: string): BuilderInfo | undefined {
  const lines = text.split('\n').map((line) => /^([A-Z][^:]*):\s*(.*?)\s*$/.exec(line))
  const values = (name: string): string[] =>
    lines.flatMap((match) => (match?.[1] === name && match[2] ? [match[2]] : []))
  const [name] = values('Name')
  if (name === undefined) return undefined
  return {
    name,
    driver: values('Driver')[0] ?? '',
    error: values('Error')[0],
    // A star marks what the user preferred.
    platforms: values('Platforms').flatMap((list) =>
      list.split(',').map((platform) => platform.trim().replace(/\*$/, '')),
    ),
    endpoints: values('Endpoint'),
    versions: values('BuildKit version'),
  }
}

const text = v.optional(v.string(), '')
const pluginSchema = v.object({ Name: v.string(), Version: text, Err: v.optional(v.string()) })
const infoSchema = v.object({
  ServerVersion: text,
  Name: text,
  OperatingSystem: text,
  DockerRootDir: text,
  DriverStatus: v.nullish(v.array(v.array(v.string())), []),
  ClientInfo: v.optional(
    v.object({ Context: v.optional(v.string(), 'default'), Plugins: v.nullish(v.array(pluginSchema), []) }),
    {},
  ),
})

/**
 * docker asks its plugins for their versions, so that buildx need not be started for it.
 * @param json of `docker info --format '{{json .}}'`
 * @returns undefined for an engine that does not answer, and for a buildx that docker finds broken
 *   or not at all
 */
export function parseInfo(json: string): {
  engine: EngineInfo | undefined
  buildx: BuildxVersion | undefined
} {
  const info = parsed(infoSchema, json)
  if (info === undefined) return { engine: undefined, buildx: undefined }
  const { ServerVersion, Name, OperatingSystem, DockerRootDir, DriverStatus, ClientInfo } = info
  const engine = {
    context: ClientInfo.Context,
    version: ServerVersion,
    containerdStore: DriverStatus.some(
      ([key, value]) => key === 'driver-type' && value === 'io.containerd.snapshotter.v1',
    ),
    hostname: Name,
    operatingSystem: OperatingSystem,
    root: DockerRootDir,
  }
  const plugin = ClientInfo.Plugins.find((each) => each.Name === 'buildx' && each.Err === undefined)
  return {
    engine: ServerVersion === '' ? undefined : engine,
    buildx: plugin && parseBuildxVersion(`buildx ${plugin.Version}`),
  }
}

/** @param line `github.com/docker/buildx v0.13.1 788433953af1…` */
export function parseBuildxVersion(line: string): BuildxVersion | undefined {
  const [, version = '', major, minor] = /\bv?((\d+)\.(\d+)\.\d+\S*)/.exec(line.replace(/^\S+/, '')) ?? []
  return version === '' ? undefined : { major: Number(major), minor: Number(minor), text: version }
}
