// Which BuildKit the engines of script/bench have, and whether it has the fault.
import { execFileSync } from 'node:child_process'
import { compare } from 'semver'

export type EngineVersions = {
  docker: string
  /** Undefined if a distribution's build of Docker does not know it */
  buildkit: string | undefined
}

/** The fault is in BuildKit 0.13.0 to 0.15.1, which Docker 26.0 to 27.1 include. */
const faulty = {
  buildkit: { from: '0.13.0', before: '0.15.2' },
  docker: { from: '26.0.0', before: '27.2.0' },
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
  const version = /^BuildKit version:\s+v?(\d+\.\d+\.\d+)/m.exec(inspected)?.[1]
  return version === '0.0.0' ? undefined : version
}

/**
 * Returns whether an engine hashes the whole root file system before each RUN that mounts a secret
 * (moby/buildkit #5251).
 */
export function hasFault({ docker, buildkit }: EngineVersions): boolean {
  if (buildkit !== undefined) return isIn(buildkit, faulty.buildkit)
  const plain = /^\d+\.\d+\.\d+/.exec(docker)?.[0]
  return plain !== undefined && isIn(plain, faulty.docker)
}

function isIn(version: string, { from, before }: { from: string; before: string }): boolean {
  return compare(version, from) >= 0 && compare(version, before) < 0
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
