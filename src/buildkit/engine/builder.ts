import { UserError } from '../../errors.ts'
import { NoBuilder } from '../build-error.ts'
import {
  type BuilderInfo,
  type BuildxVersion,
  type EngineInfo,
  parseBuilder,
  parseBuildxVersion,
  parseInfo,
  type RunDocker,
} from './info.ts'
import { withoutFullStop } from '../../text.ts'

/** What the plan needs of a builder. */
export type BuilderNeeds = {
  push: boolean
  /** Provenance or SBOM */
  attestations: boolean
  /** `linux/amd64` */
  platforms: string[]
}

/** A builder for the run, and the engine of the current docker context if it answers. */
export type Builder = Pick<BuilderInfo, 'name' | 'driver' | 'endpoints' | 'versions'> & {
  engine: EngineInfo | undefined
  /** Whether this run created it */
  created: boolean
  /** Removes a builder that this run created, and no other */
  remove: () => Promise<void>
}

export type BuilderRequest = {
  /** The user's choice */
  named: string | undefined
  needs: BuilderNeeds
  buildkitImage: string | undefined
  network: 'default' | 'host'
  /** PEM file that a created builder trusts for `registries` */
  certificates: { file: string; registries: string[] } | undefined
  /** Name for a created builder */
  newName: string
  /** Writes a file that lasts until the builder is created @returns its path */
  writeFile: (name: string, content: string) => Promise<string>
  log: (line: string) => void
}

/**
 * The builder that the user named, else the current one if it meets the needs, else a new one.
 * @throws UserError if there is no docker, no buildx of at least 0.13, no engine, or an unfit
 *   builder
 */
export async function openBuilder(docker: RunDocker, request: BuilderRequest): Promise<Builder> {
  const { named, needs } = request
  const { engine, buildx } = parseInfo((await docker(['info', '--format', '{{json .}}'])).stdout)
  assertNewEnough(buildx ?? (await askBuildx(docker)))
  const inspected = await docker(['buildx', 'inspect', ...(named === undefined ? [] : ['--', named])])
  const builder = inspected.code === 0 ? parseBuilder(inspected.stdout) : undefined
  if (builder === undefined) throw new UserError(inspectFailed(named, inspected.stderr))
  const lack = lackOf(named, builder, engine, needs)
  if (lack === undefined) return { ...builder, engine, created: false, remove: () => Promise.resolve() }
  request.log(`${lack}: creating one with the docker-container driver`)
  return createBuilder(docker, request, engine)
}

/** For a docker that does not know the version of its plugin, or has none. */
async function askBuildx(docker: RunDocker): Promise<BuildxVersion | undefined> {
  const { code, stdout } = await docker(['buildx', 'version'])
  if (code !== 0) throw new UserError('docker has no buildx plugin; install docker-buildx 0.13 or later.')
  return parseBuildxVersion(stdout)
}

/** 0.13 is the first version with `--progress=rawjson`. */
function assertNewEnough(version: BuildxVersion | undefined): void {
  if (version?.major === 0 && version.minor < 13)
    throw new UserError(`buildx ${version.text} is too old; update docker-buildx to 0.13 or later.`)
}

/**
 * @param engine undefined if none answers
 * @returns why a new builder is needed; undefined if this one meets the needs
 * @throws UserError if a new builder would not help
 */
export function lackOf(
  named: string | undefined,
  builder: BuilderInfo,
  engine: EngineInfo | undefined,
  needs: BuilderNeeds,
): string | undefined {
  const subject = named === undefined ? `the current builder "${builder.name}"` : `builder "${named}"`
  const error = builder.error ?? (builder.driver === '' ? 'buildx does not report its driver' : undefined)
  const lack = error === undefined ? undefined : `can't be used: ${withoutFullStop(error)}`
  if (lack === undefined) refuseForeign(subject, builder, needs)
  const problem = lack ?? engineLack(builder, engine, needs)
  if (problem === undefined) return undefined
  if (named !== undefined)
    throw new UserError(`${subject} ${problem}; name another in "builder", or leave it out.`)
  if (engine === undefined)
    throw new UserError(
      'No Docker engine answers on this runner; start one, or name a remote builder in "builder".',
    )
  return `${subject} ${problem}`
}

function engineLack(
  { driver }: BuilderInfo,
  engine: EngineInfo | undefined,
  { push, attestations }: BuilderNeeds,
): string | undefined {
  if (driver !== 'docker') return undefined
  if (engine === undefined) return "can't be used: its Docker engine does not answer"
  if (engine.containerdStore || !(push || attestations)) return undefined
  const need = attestations ? 'attach provenance' : 'push images with OCI media types'
  return `can't ${need}: it has the docker driver, and the engine does not use the containerd image store`
}

/** A new builder would offer the same platforms: those of the runner's processor and of QEMU. */
function refuseForeign(subject: string, { platforms }: BuilderInfo, needs: BuilderNeeds): void {
  const foreign = needs.platforms.find(
    (platform) => !platforms.some((each) => isSamePlatform(each, platform)),
  )
  // A builder that does not run yet reports no platform.
  if (foreign === undefined || platforms.length === 0) return
  throw new UserError(
    `${subject} does not build for ${foreign}, only for ${platforms.join(', ')}: build that leg on a runner of its own (command: plan with "runners"), name a builder that can in "builder", or install QEMU first (docker/setup-qemu-action), which is slow.`,
  )
}

/** A variant of the processor (`linux/amd64/v3`) is the same platform here. */
function isSamePlatform(offered: string, wanted: string): boolean {
  return offered === wanted || offered === wanted.split('/').slice(0, 2).join('/')
}

function inspectFailed(named: string | undefined, stderr: string): string {
  const why = errorIn(stderr)
  if (named !== undefined)
    return `Builder "${named}" can't be used: ${why}; "docker buildx ls" lists the builders that exist.`
  return `docker buildx can't report the current builder: ${why}.`
}

/** buildx prints its error last. */
function errorIn(stderr: string): string {
  const line = stderr.trim().split('\n').at(-1) ?? ''
  return line.replace(/^ERROR: /, '')
}

/** @param engine buildx creates a builder in the engine of the current context */
async function createBuilder(
  docker: RunDocker,
  request: BuilderRequest,
  engine: EngineInfo | undefined,
): Promise<Builder> {
  const { newName: name, buildkitImage, network } = request
  const remove = async (): Promise<void> => {
    await docker(['buildx', 'rm', '--force', '--', name])
  }
  const image = buildkitImage === undefined ? [] : ['--driver-opt', `image=${buildkitImage}`]
  const entitlement = ['--buildkitd-flags', '--allow-insecure-entitlement=network.host']
  const host = network === 'host' ? ['--driver-opt', 'network=host', ...entitlement] : []
  const create = ['buildx', 'create', '--name', name, '--driver', 'docker-container', '--bootstrap']
  const config = await certificateArguments(request)
  const { code, stderr } = await docker([...create, ...image, ...host, ...config])
  if (code !== 0) {
    await remove()
    const why = errorIn(stderr)
    throw new NoBuilder(
      `A builder could not be created: ${why}; give a mirror of moby/buildkit in "buildkit-image", or a builder in "builder".`,
      [why],
    )
  }
  const endpoints = engine ? [engine.context] : []
  // The default image is that of the newest BuildKit; of another one its tag names the version.
  const versions = buildkitImage === undefined ? [] : [buildkitImage.split(':').at(-1) ?? '']
  return { name, driver: 'docker-container', endpoints, versions, engine, created: true, remove }
}

/** buildx copies the certificates that the file names into the builder's container. */
async function certificateArguments({ certificates, writeFile }: BuilderRequest): Promise<string[]> {
  if (certificates === undefined) return []
  const sections = certificates.registries.map(
    (host) => `[registry.${JSON.stringify(host)}]\n  ca = [${JSON.stringify(certificates.file)}]\n`,
  )
  // Its older name, which 0.13 and all later versions know
  return ['--config', await writeFile('buildkitd.toml', sections.join(''))]
}
