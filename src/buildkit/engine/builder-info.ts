import * as v from 'valibot'
import { parsed } from '../../json.ts'

/** What `docker buildx inspect` says of a builder. */
export type BuilderInfo = {
  name: string
  /** `docker`, `docker-container`, `remote`, `kubernetes`, `cloud`; empty if buildx could not tell */
  driver: string
  /** Why it can't be used, in buildx' words */
  error: string | undefined
  /** `linux/amd64`; empty if it does not run yet */
  platforms: string[]
}

/** What `docker info` says of the engine. */
export type EngineInfo = { version: string; containerdStore: boolean }

/** @returns the builder, undefined if the text is not what buildx prints */
export function parseBuilder(text: string): BuilderInfo | undefined {
  const lines = text.split('\n').map((line) => /^([A-Z][^:]*):\s*(.*?)\s*$/.exec(line))
  const values = (name: string): string[] =>
    lines.filter((match) => match?.[1] === name).map((match) => match?.[2] ?? '')
  const name = values('Name')[0]
  if (name === undefined || name === '') return undefined
  return {
    name,
    driver: values('Driver')[0] ?? '',
    error: values('Error')[0],
    // A star marks what the user preferred.
    platforms: values('Platforms').flatMap((list) =>
      list.split(',').map((platform) => platform.trim().replace(/\*$/, '')),
    ),
  }
}

const engineSchema = v.object({
  ServerVersion: v.pipe(v.string(), v.minLength(1)),
  DriverStatus: v.nullish(v.array(v.array(v.string())), []),
})

/** @param text of `docker info --format '{{json .}}'` @returns undefined if no engine answered */
export function parseEngine(text: string): EngineInfo | undefined {
  const engine = parsed(engineSchema, text)
  if (engine === undefined) return undefined
  const containerdStore = engine.DriverStatus.some(
    ([key, value]) => key === 'driver-type' && value === 'io.containerd.snapshotter.v1',
  )
  return { version: engine.ServerVersion, containerdStore }
}

export type BuildxVersion = { major: number; minor: number; text: string }

const pluginsSchema = v.object({
  ClientInfo: v.object({
    Plugins: v.array(
      v.object({ Name: v.string(), Version: v.optional(v.string()), Err: v.optional(v.string()) }),
    ),
  }),
})

/** @param text of `docker info --format '{{json .}}'` @returns undefined where it does not say of buildx that it works */
export function parsePluginVersion(text: string): BuildxVersion | undefined {
  const plugins = parsed(pluginsSchema, text)?.ClientInfo.Plugins
  const found = plugins?.find(({ Name, Err }) => Name === 'buildx' && Err === undefined)
  return found && parseBuildxVersion(`buildx ${found.Version ?? ''}`)
}

/** @param text `github.com/docker/buildx v0.13.1 788433953af1…` @returns major and minor, undefined if there are none */
export function parseBuildxVersion(text: string): BuildxVersion | undefined {
  const match = /\bv?((\d+)\.(\d+)\.\d+\S*)/.exec(text.replace(/^\S+/, ''))
  if (!match) return undefined
  return { major: Number(match[2]), minor: Number(match[3]), text: match[1] ?? '' }
}
