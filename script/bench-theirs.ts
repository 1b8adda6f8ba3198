// Runs docker/build-push-action's own bundle like a runner: inputs in the environment, results in
// files.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { outputOf } from './child-output.ts'
import { peakMemoryOf } from './peak-memory.ts'

export type TheirBuild = {
  context: string
  dockerfile: string
  arguments: Record<string, string>
  contexts: Record<string, string>
  /** Build secrets: id → file */
  secrets: Record<string, string>
  /** Reference to push */
  tag: string
  /** Reference of the registry cache */
  cache: string
}

/** @param parent folder of RUNNER_TEMP @returns exit code, peak memory in MB, and output */
export async function runTheirs(
  bundle: string,
  build: TheirBuild,
  environment: NodeJS.ProcessEnv,
  parent: string,
): Promise<{ code: number | null; memory: number; log: string }> {
  mkdirSync(parent, { recursive: true })
  const temp = mkdtempSync(join(parent, 'runner-'))
  const files = Object.fromEntries(
    ['OUTPUT', 'STATE', 'STEP_SUMMARY', 'ENV', 'PATH'].map((name) => [
      `GITHUB_${name}`,
      join(temp, name.toLowerCase()),
    ]),
  )
  for (const path of Object.values(files)) writeFileSync(path, '')
  const child = spawn(process.execPath, [bundle], {
    cwd: temp,
    env: {
      ...withoutGitHub(process.env),
      ...environment,
      RUNNER_TEMP: temp,
      GITHUB_WORKSPACE: temp,
      GITHUB_REPOSITORY: 'example/example',
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_SHA: '0'.repeat(40),
      GITHUB_REF: 'refs/heads/main',
      GITHUB_EVENT_NAME: 'push',
      // Uploads to GitHub after the build are not counted.
      DOCKER_BUILD_SUMMARY: 'false',
      DOCKER_BUILD_RECORD_UPLOAD: 'false',
      ...files,
      ...inputsOf(build),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const memory = peakMemoryOf(child)
  const { code, output: log } = await outputOf(child)
  writeFileSync(join(temp, 'log'), log)
  return { code, memory: memory(), log }
}

/** The inputs of its action.yml with non-empty defaults */
function inputsOf(build: TheirBuild): Record<string, string> {
  const lines = (values: Record<string, string>) =>
    Object.entries(values)
      .map(([name, value]) => `${name}=${value}`)
      .join('\n')
  const inputs = {
    context: build.context,
    file: build.dockerfile,
    'build-args': lines(build.arguments),
    'build-contexts': lines(build.contexts),
    'secret-files': lines(build.secrets),
    'cache-from': `type=registry,ref=${build.cache}`,
    'cache-to': `type=registry,ref=${build.cache},mode=max`,
    network: 'host',
    platforms: 'linux/amd64',
    tags: build.tag,
    push: 'true',
    load: 'false',
    'no-cache': 'false',
    pull: 'false',
  }
  return Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]),
  )
}

function withoutGitHub(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !/^(GITHUB_|INPUT_|RUNNER_|STATE_|ACTIONS_)/.test(name)),
  )
}
