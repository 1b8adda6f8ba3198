import type { RunDocker } from './docker.ts'
import { UserError } from '../../errors.ts'
import { NoBuilder } from '../build-error.ts'
import { assertBuildx } from './buildx-version.ts'
import { type BuilderInfo, type EngineInfo, parseBuilder, parseEngine } from './builder-info.ts'
import { withoutFullStop } from '../../text.ts'

/** What the plan asks of a builder. */
export type BuilderNeeds = {
  push: boolean
  /** Provenance or SBOM */
  attestations: boolean
  /** `linux/amd64` */
  platforms: string[]
}

export type BuilderChoice =
  | { kind: 'use'; name: string }
  /** `why` is a sentence for the log */
  | { kind: 'create'; why: string }
  | { kind: 'error'; sentence: string }

/** A builder for the run; `remove` removes one that was made, and nothing else. */
export type Builder = { name: string; made: boolean; remove: () => Promise<void> }

export type BuilderRequest = {
  /** The user's choice */
  named: string | undefined
  needs: BuilderNeeds
  buildkitImage: string | undefined
  network: 'default' | 'host'
  /** PEM file that a builder we make trusts for `registries` */
  certificates: { file: string; registries: string[] } | undefined
  /** Name of a builder that is made */
  newName: string
  /** Puts a file for buildx somewhere that lasts until the builder is made @returns its path */
  writeFile: (name: string, content: string) => Promise<string>
  log: (line: string) => void
}

/** @returns what to do, from what buildx and the engine said of themselves; undefined engine: none answered */
export function chooseBuilder(
  named: string | undefined,
  builder: BuilderInfo,
  engine: EngineInfo | undefined,
  needs: BuilderNeeds,
): BuilderChoice {
  const what = named === undefined ? `the current builder "${builder.name}"` : `builder "${named}"`
  const problem = builder.error ?? (builder.driver === '' ? 'buildx does not say what it is' : undefined)
  if (problem !== undefined) return refuse(named, engine, what, `can't be used: ${problem}`)
  // What cpuinfo adds (`linux/amd64/v3`) is the same platform here. One that does not run yet names none.
  const foreign = needs.platforms.find(
    (platform) => !builder.platforms.some((one) => samePlatform(one, platform)),
  )
  if (builder.platforms.length > 0 && foreign !== undefined)
    return { kind: 'error', sentence: cantEmulate(what, builder, foreign) }
  const lack = lackOf(builder, engine, needs)
  if (lack !== undefined) return refuse(named, engine, what, lack)
  return { kind: 'use', name: builder.name }
}

function refuse(
  named: string | undefined,
  engine: EngineInfo | undefined,
  what: string,
  why: string,
): BuilderChoice {
  if (named !== undefined)
    return {
      kind: 'error',
      sentence: `${what} ${withoutFullStop(why)}; name another in "builder", or leave it out.`,
    }
  if (engine === undefined)
    return {
      kind: 'error',
      sentence: 'No Docker engine answers on this runner; start one, or name a remote builder in "builder".',
    }
  return {
    kind: 'create',
    why: `${what} ${withoutFullStop(why)}: making one with the docker-container driver`,
  }
}

/** @returns what the builder lacks, undefined if it has all */
function lackOf(
  builder: BuilderInfo,
  engine: EngineInfo | undefined,
  needs: BuilderNeeds,
): string | undefined {
  if (builder.driver !== 'docker') return undefined
  if (engine === undefined) return "can't be used: its Docker engine does not answer"
  if (engine.containerdStore) return undefined
  const need = needs.attestations ? 'attach provenance' : 'push images with OCI media types'
  return needs.push || needs.attestations
    ? `can't ${need}: it has the docker driver, and the engine does not use the containerd image store`
    : undefined
}

/** A new builder on this runner would know no more platforms: they are those of its processor and of QEMU. */
function cantEmulate(what: string, { platforms }: BuilderInfo, platform: string): string {
  return `${what} does not build for ${platform}, only for ${platforms.join(', ')}: build that leg on a runner of its own (command: plan with "runners"), name a builder that can in "builder", or install QEMU before (docker/setup-qemu-action), which is slow.`
}

function samePlatform(offered: string, wanted: string): boolean {
  const [os, architecture] = wanted.split('/')
  return offered === wanted || offered === `${os ?? ''}/${architecture ?? ''}`
}

/**
 * The builder that the user named, else the current one if it can do what is needed, else a new one.
 * @throws UserError if there is no docker, no buildx of at least 0.13, no engine, or a builder that can't do it
 */
export async function openBuilder(docker: RunDocker, request: BuilderRequest): Promise<Builder> {
  const info = await docker(['info', '--format', '{{json .}}'])
  await assertBuildx(docker, info.stdout)
  const { named, needs } = request
  const inspected = await docker(['buildx', 'inspect', ...(named === undefined ? [] : ['--', named])])
  const builder = inspected.code === 0 ? parseBuilder(inspected.stdout) : undefined
  if (builder === undefined) throw new UserError(inspectFailed(named, inspected.stderr))
  const choice = chooseBuilder(named, builder, parseEngine(info.stdout), needs)
  if (choice.kind === 'error') throw new UserError(choice.sentence)
  if (choice.kind === 'use') return { name: choice.name, made: false, remove: () => Promise.resolve() }
  request.log(choice.why)
  return await createBuilder(docker, request)
}

/** Where buildx says why it failed. */
function lastLine(stderr: string): string {
  return (
    stderr
      .trim()
      .split('\n')
      .at(-1)
      ?.replace(/^ERROR: /, '') ?? ''
  )
}

function inspectFailed(named: string | undefined, stderr: string): string {
  const why = lastLine(stderr)
  if (named !== undefined)
    return `Builder "${named}" can't be used: ${why}; "docker buildx ls" shows those that there are.`
  return `docker buildx can't say which builder is the current one: ${why}.`
}

async function createBuilder(docker: RunDocker, request: BuilderRequest): Promise<Builder> {
  const name = request.newName
  const args = createArguments(request, await registryConfiguration(request))
  const remove = async (): Promise<void> => {
    await docker(['buildx', 'rm', '--force', '--', name])
  }
  const { code, stderr } = await docker(args)
  if (code !== 0) {
    await remove()
    const why = lastLine(stderr)
    throw new NoBuilder(
      `A builder could not be made: ${why}; give a mirror of moby/buildkit in "buildkit-image", or a builder in "builder".`,
      [why],
    )
  }
  return { name, made: true, remove }
}

/** @param configuration path of a buildkitd.toml, if there is one */
export function createArguments(request: BuilderRequest, configuration: string | undefined): string[] {
  const { buildkitImage, network, newName } = request
  const host = network === 'host'
  return [
    ...['buildx', 'create', '--name', newName, '--driver', 'docker-container', '--bootstrap'],
    ...(buildkitImage === undefined ? [] : ['--driver-opt', `image=${buildkitImage}`]),
    ...(host
      ? ['--driver-opt', 'network=host', '--buildkitd-flags', '--allow-insecure-entitlement=network.host']
      : []),
    // Its older name, which 0.13 and all later versions know
    ...(configuration === undefined ? [] : ['--config', configuration]),
  ]
}

/** buildx copies the certificates that the file names into the builder's container. */
async function registryConfiguration({
  certificates,
  writeFile,
}: BuilderRequest): Promise<string | undefined> {
  if (certificates === undefined) return undefined
  const sections = certificates.registries.map(
    (host) => `[registry.${JSON.stringify(host)}]\n  ca = [${JSON.stringify(certificates.file)}]\n`,
  )
  return await writeFile('buildkitd.toml', sections.join(''))
}
