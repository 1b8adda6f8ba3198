// Which BuildKit the engines of script/bench have, and whether it has the fault.
import { execFileSync } from 'node:child_process'
import { parseBuilder } from '../src/buildkit/engine/info.ts'
import { hasSlowSecrets } from '../src/buildkit/engine/slow-secrets.ts'

export type EngineVersions = {
  docker: string
  /** Undefined if a distribution's build of Docker does not know it */
  buildkit: string | undefined
}

/** Returns the versions of the running engine, whose program the fresh engines run, too. */
export function engineVersions(): EngineVersions {
  const docker = (...args: string[]): string => execFileSync('docker', args, { encoding: 'utf8' })
  return {
    docker: docker('version', '--format', '{{.Server.Version}}').trim(),
    buildkit: buildkitIn(docker('buildx', 'inspect', 'default')),
  }
}

/** @param inspected what `docker buildx inspect` printed */
export function buildkitIn(inspected: string): string | undefined {
  const known = parseBuilder(inspected)?.versions.find(
    (text) => hasSlowSecrets('buildkit', text) !== undefined,
  )
  return /\d+\.\d+\.\d+/.exec(known ?? '')?.[0]
}

/** Returns whether an engine hashes the whole base before each RUN that mounts a secret. */
export function hasFault({ docker, buildkit }: EngineVersions): boolean {
  const has = buildkit === undefined ? hasSlowSecrets('docker', docker) : hasSlowSecrets('buildkit', buildkit)
  return has === true
}

/** @param isLeftOut whether neither side mounts a secret that is not given */
export function describeEngine(versions: EngineVersions, isLeftOut: boolean): string {
  const { docker, buildkit } = versions
  const name = `Docker ${docker}, BuildKit ${buildkit ?? 'of unknown version'}`
  if (!hasFault(versions))
    return `${name}, without the fault of hashing the base before each RUN with a secret`
  const who = isLeftOut ? 'neither side mounts a secret that is not given' : 'build-push-action pays for it'
  return `${name}, with the fault of hashing the base before each RUN with a secret; ${who}`
}
