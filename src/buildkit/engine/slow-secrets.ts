import type { Builder } from './builder.ts'

type Version = readonly [number, number, number]

/**
 * Before a step that mounts a secret, these versions compute a checksum of the step's whole root
 * file system (moby/buildkit #5251): BuildKit since 0.13.0-rc1, mended in 0.15.2, and the Docker
 * engines that contain it.
 */
const affected = {
  buildkit: { from: [0, 13, 0], before: [0, 15, 2] },
  docker: { from: [26, 0, 0], before: [27, 2, 0] },
} as const

/**
 * @param text `v0.13.2`, `v0.14.1+dfsg`, `26.1.5+dfsg1`
 * @returns undefined for a text without a version and for that of a build that does not know its
 *   own, `v0.0.0+unknown`
 */
export function hasSlowSecrets(program: keyof typeof affected, text: string): boolean | undefined {
  const [, major, minor, patch] = /^v?(\d+)\.(\d+)\.(\d+)/.exec(text) ?? []
  const version = [Number(major), Number(minor), Number(patch)] as const
  if (patch === undefined || version.every((number) => number === 0)) return undefined
  const { from, before } = affected[program]
  return !isBelow(version, from) && isBelow(version, before)
}

function isBelow(left: Version, right: Version): boolean {
  const at = left.findIndex((number, index) => number !== right[index])
  return at >= 0 && (left[at] ?? 0) < (right[at] ?? 0)
}

/** @returns a line for the log; undefined if no node is known to be affected */
export function slowSecretsNotice({
  driver,
  endpoints,
  versions,
  engine,
}: Pick<Builder, 'driver' | 'endpoints' | 'versions' | 'engine'>): string | undefined {
  const known = versions.filter((text) => hasSlowSecrets('buildkit', text) !== undefined)
  const slow = known.find((text) => hasSlowSecrets('buildkit', text))
  if (slow !== undefined) return notice(`BuildKit ${slow}`)
  // A distribution's engine may not know the version of its BuildKit.
  const isOfEngine = known.length === 0 && driver === 'docker' && engine && endpoints.includes(engine.context)
  return isOfEngine && hasSlowSecrets('docker', engine.version)
    ? notice(`Docker ${engine.version}`)
    : undefined
}

function notice(name: string): string {
  return `${name} reads the whole base before each step that gets package-index (about 6 s a step for a base of 6 GB, 10 to 18 s for one of 14 GB): Docker 27.2 and BuildKit 0.15.2 no longer do`
}
