import * as core from '@actions/core'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makesIndex } from './build/argv.ts'
import { openBuilder, type RunDocker } from './build/builder.ts'
import { openDockerLogin } from './build/docker-config.ts'
import { systemTimers } from './build/progress.ts'
import { trustCertificates } from './certificates.ts'
import { sentenceOf, UserError } from './errors.ts'
import { createGit } from './git.ts'
import { type Inputs, readInputs, secretValues } from './inputs/inputs.ts'
import { parseCatalogue } from './plan/catalogue.ts'
import { makePlan } from './plan/make-plan.ts'
import type { Plan } from './plan/plan.ts'
import { readRecipe } from './recipe.ts'
import { createRedact, maskedValues } from './redact.ts'
import { dockerProxySecrets, environmentProxySecrets, refuseToPublishProxies } from './proxies.ts'
import type { RegistryClient } from './registry/client.ts'
import { createClient, readDockerConfig } from './registry-access.ts'
import { describePlan, publishRun } from './show.ts'
import type { Run } from './report/outcome.ts'
import { runPlan } from './run.ts'
import { remember } from './state.ts'
import * as world from './world.ts'
import { createWorkspace, removePrivate } from './workspace.ts'

/** Beside dist/, in a release as in a checkout. */
const dockerfiles = join(dirname(fileURLToPath(import.meta.url)), '..', 'dockerfiles')

/** Milliseconds */
const gitTimeout = 120_000

/** Build secrets keep their white space; everything else may have some around it. */
function readInput(name: string): string {
  return core.getInput(name, { trimWhitespace: name !== 'secrets' })
}

async function main(signal: AbortSignal): Promise<void> {
  // Before anything can complain about an input.
  if (readInput('password') !== '') core.setSecret(readInput('password'))
  const inputs = readInputs(readInput, {
    event: process.env.GITHUB_EVENT_NAME ?? '',
    now: new Date(),
    machine: process.arch,
    fileExists: existsSync,
  })
  const dockerConfig = readDockerConfig(process.env)
  const proxySecrets = dockerProxySecrets(dockerConfig)
  refuseToPublishProxies(inputs.build.provenance, proxySecrets)
  const secrets = [...secretValues(inputs), ...proxySecrets, ...environmentProxySecrets(process.env)]
  for (const value of maskedValues(secrets)) core.setSecret(value)
  if (inputs.caCertificates !== undefined) trustCertificates(inputs.caCertificates)
  const redact = createRedact(secrets)
  const workspace = createWorkspace(process.env.RUNNER_TEMP ?? tmpdir())
  remember('privateFolder', workspace.private)
  try {
    const run = await planAndRun(inputs, dockerConfig, signal, { workspace, redact }).catch(failedRun)
    publishRun(run, {
      workspace,
      redact,
      summary: inputs.summary,
      summaryFile: process.env.GITHUB_STEP_SUMMARY,
    })
    if (run.error !== undefined || run.outcomes.some(({ state }) => state === 'failed')) process.exitCode = 1
  } finally {
    removePrivate(workspace.private)
    remember('privateFolder', '')
  }
}

/** What stops a run before its first image is told in the same way as what stops it later. */
function failedRun(error: unknown): Run {
  if (!(error instanceof UserError)) throw error
  return { outcomes: [], duration: 0, error: error.message }
}

async function planAndRun(
  inputs: Inputs,
  dockerConfig: unknown,
  signal: AbortSignal,
  { workspace, redact }: Pick<world.Machine, 'workspace' | 'redact'>,
): Promise<Run> {
  const environment = world.environmentForPrograms(process.env)
  const secretFiles = world.writeSecretFiles(inputs, workspace)
  const registry = createClient(inputs, dockerConfig, environment, signal)
  try {
    const git = createGit({
      environment,
      signal,
      timeout: gitTimeout,
      credentials: secretFiles.get('git-credentials'),
      caCertificates: inputs.caCertificates,
    })
    const plan = await makePlan(inputs.plan, {
      registry,
      git,
      catalogue: parseCatalogue(readFileSync(join(dockerfiles, 'catalogue.json'), 'utf8')),
      recipeOf: (engine) => readRecipe(dockerfiles, engine),
    })
    for (const line of describePlan(plan, inputs.push)) core.info(line)
    const login = await openDockerLogin(
      inputs.login && { registry: inputs.plan.registry, ...inputs.login },
      environment,
      workspace.private,
    )
    const machine = {
      environment: login.environment,
      signal,
      workspace,
      dockerfiles,
      redact,
      log: core.info,
      timers: systemTimers,
    }
    return await buildAndPromote(plan, inputs, machine, registry, secretFiles)
  } finally {
    registry.close()
  }
}

async function buildAndPromote(
  plan: Plan,
  inputs: Inputs,
  machine: world.Machine,
  registry: RegistryClient,
  secretFiles: Map<string, string>,
): Promise<Run> {
  const docker = world.createDocker(machine)
  const builder = await builderFor(plan, inputs, machine, docker)
  try {
    const settingsOf = world.createSettings(
      machine,
      inputs,
      { ...inputs.build, builder: builder?.name },
      secretFiles,
    )
    return await runPlan(plan, inputs.push, {
      registry,
      leg: world.createLegWorld(machine, docker, registry),
      settingsOf,
      commandOf: world.createCommand(settingsOf),
      redact: machine.redact,
      log: machine.log,
      now: machine.timers.now,
      signal: machine.signal,
    })
  } finally {
    // After a cancel there is no time for it, and `post` does it.
    if (builder?.made && !machine.signal.aborted) {
      await builder.remove()
      remember('builder', '')
    }
  }
}

/** @returns undefined if there is nothing to build */
async function builderFor(plan: Plan, inputs: Inputs, machine: world.Machine, docker: RunDocker) {
  const leg = plan.images.find(({ published }) => published.kind === 'absent')?.leg
  if (!leg) return undefined
  const newName = `image-action-${randomBytes(4).toString('hex')}`
  // Before it is made: a cancel may come in the middle.
  remember('builder', newName)
  const builder = await openBuilder(docker, {
    named: inputs.build.builder,
    needs: {
      push: inputs.push,
      attestations: makesIndex(inputs.build, machine.environment),
      platform: leg.platform,
    },
    buildkitImage: inputs.build.buildkitImage,
    network: inputs.build.network,
    certificates:
      inputs.caCertificates === undefined
        ? undefined
        : { file: inputs.caCertificates, registries: [inputs.plan.registry, leg.base.repository.registry] },
    newName,
    writeFile: world.privateFileWriter(machine.workspace),
    log: core.info,
  })
  if (!builder.made) remember('builder', '')
  return builder
}

const cancel = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const)
  process.on(name, () => {
    cancel.abort(new UserError('The run was cancelled.'))
  })

try {
  await main(cancel.signal)
} catch (error) {
  // What is no error of the user's is one of ours, and its stack says where.
  if (!(error instanceof UserError) && error instanceof Error) core.debug(error.stack ?? '')
  core.setFailed(
    cancel.signal.aborted ? 'The run was cancelled; no public tag was made after that.' : sentenceOf(error),
  )
}

// A proxy that never answered may still hold a socket, which would keep the step waiting.
process.exit()
