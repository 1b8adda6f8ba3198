import { execFileSync, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { parse, stringify } from 'yaml'
import { withPipMemory } from './pip-memory.ts'

type Step = {
  name?: string
  uses?: string
  run?: string
  with?: Record<string, unknown>
  env?: Record<string, string>
}
type Job = {
  if?: string
  uses?: string
  with?: Record<string, unknown>
  needs?: string | string[]
  steps?: Step[]
}
/** The parts of a workflow that the tests use. */
export type Workflow = { on: unknown; permissions?: unknown; jobs: Record<string, Job> }

export type WorkflowOptions = {
  /** Name of the event. Default: `workflow_dispatch` */
  event?: string
  /** Runs this job and those that it needs. Default: all */
  job?: string
  /** Inputs of workflow_dispatch */
  inputs?: Record<string, string>
  secrets?: Record<string, string>
  /** Inputs that are added to, or replace, those of each step that uses the action */
  with: Record<string, string>
  /** Comes first on PATH */
  path?: string
  /** Folder of the repository's files besides the workflow, which actions/checkout copies */
  repository?: string
  /** More variables for all steps */
  environment?: Record<string, string>
}

export type WorkflowRun = {
  code: number | null
  log: string
  /** Errors that the steps reported */
  errors: string[]
  /** Whether each job succeeded, by its name, which a matrix may set */
  jobs: Record<string, boolean>
}

const labels = ['ubuntu-latest', 'ubuntu-24.04', 'ubuntu-latest-16-cores', 'self-hosted']
const action = 'aibrix/image-action'
const imagesFile = join('.github', 'workflows', 'images.yml')

export function readWorkflow(file: string): Workflow {
  return parse(readFileSync(file, 'utf8')) as Workflow
}

/**
 * Runs a workflow on this machine with act. aibrix/image-action@v1 is the bundled action and the
 * reusable workflow of this checkout. Needs no network and no GitHub.
 *
 * @param file path of the workflow, or the workflow itself
 */
export async function runWorkflow(file: string | Workflow, options: WorkflowOptions): Promise<WorkflowRun> {
  const home = mkdtempSync(join(tmpdir(), 'act-'))
  const name = typeof file === 'string' ? basename(file) : 'workflow.yml'
  const workflow = typeof file === 'string' ? readWorkflow(file) : file
  if (options.repository !== undefined)
    cpSync(options.repository, join(home, 'repository'), { recursive: true })
  makeRepository(join(home, 'repository'), name, withInputs(workflow, options.with))
  const released = releaseAction(join(home, 'action'), options.with, workflow)
  const args = [
    options.event ?? 'workflow_dispatch',
    ...['--workflows', join('.github', 'workflows', name), '--no-cache-server'],
    ...labels.flatMap((label) => ['--platform', `${label}=-self-hosted`]),
    ...Object.entries(released).flatMap(([uses, folder]) => ['--local-repository', `${uses}=${folder}`]),
    ...(options.job === undefined ? [] : ['--job', options.job]),
    ...Object.entries(options.inputs ?? {}).flatMap(([key, value]) => ['--input', `${key}=${value}`]),
    ...Object.keys(options.secrets ?? {}).flatMap((key) => ['--secret', key]),
  ]
  const path = [options.path, process.env.PATH].filter((part) => part !== undefined).join(':')
  const { code, log } = await runAct(args, join(home, 'repository'), {
    ...options.secrets,
    ...options.environment,
    ...{
      PATH: withPipMemory({ PATH: path }, options.with['package-index']),
      ARTIFACTS: join(home, 'artifacts'),
    },
    // act stores its cache and reads its configuration in the home folder
    ...{ HOME: home, DOCKER_CONFIG: process.env.DOCKER_CONFIG ?? join(homedir(), '.docker') },
  })
  rmSync(home, { recursive: true, force: true })
  const errors = [...log.matchAll(/::error.*/g)].map(([line]) => line)
  return { code, log, errors, jobs: jobsIn(log) }
}

/**
 * Adds inputs to the steps that use the action and to the jobs that call images.yml, as far as
 * those have them.
 */
function withInputs(workflow: Workflow, inputs: Record<string, string>): Workflow {
  const ofImages = Object.entries(inputs).filter(([name]) => name in imagesInputs())
  const jobs = Object.entries(workflow.jobs).map(([name, job]) => {
    const steps = job.steps?.map((step) =>
      step.uses?.startsWith(`${action}@`) ? { ...step, with: { ...step.with, ...inputs } } : step,
    )
    const called = job.uses?.startsWith(`${action}/`) && {
      with: { ...job.with, ...Object.fromEntries(ofImages) },
    }
    return [name, { ...job, ...(steps && { steps }), ...called }]
  })
  return { ...workflow, jobs: Object.fromEntries(jobs) as Workflow['jobs'] }
}

function imagesInputs(): object {
  return (readWorkflow(imagesFile).on as { workflow_call: { inputs: object } }).workflow_call.inputs
}

function makeRepository(folder: string, name: string, workflow: Workflow): void {
  mkdirSync(join(folder, '.github', 'workflows'), { recursive: true })
  writeFileSync(join(folder, '.github', 'workflows', name), stringify(workflow, { lineWidth: 0 }))
  const git = (...args: string[]) => execFileSync('git', ['-C', folder, ...args], { stdio: 'ignore' })
  git('init', '--initial-branch=main')
  git('remote', 'add', 'origin', 'https://github.com/example/images')
  git('add', '.')
  git('-c', 'user.name=test', '-c', 'user.email=test@example.com', 'commit', '--message=workflow')
}

/**
 * Creates the files of a release of the action, and stand-ins for GitHub's own actions. @returns
 * value of `uses` → folder
 */
function releaseAction(
  folder: string,
  inputs: Record<string, string>,
  workflow: Workflow,
): Record<string, string> {
  mkdirSync(dirname(join(folder, imagesFile)), { recursive: true })
  for (const part of ['action.yml', 'dist', 'dockerfiles'])
    cpSync(part, join(folder, part), { recursive: true })
  const images = readWorkflow(imagesFile)
  // Values with an input of images.yml are passed through that input
  const rest = Object.entries(inputs).filter(([name]) => !(name in imagesInputs()))
  const text = stringify(withInputs(images, Object.fromEntries(rest)), { lineWidth: 0 })
  writeFileSync(join(folder, imagesFile), text)
  const jobs = [images, workflow].flatMap((one) => Object.values(one.jobs))
  const used = jobs.flatMap(({ steps = [] }) => steps.flatMap(({ uses }) => uses ?? []))
  // act implements this one itself
  const all = used.filter((uses) => !uses.startsWith('actions/checkout@'))
  // In the commit of a release it names the commit before.
  const [own, others] = [true, false].map((is) => all.filter((uses) => uses.startsWith(`${action}@`) === is))
  const released = Object.fromEntries([`${action}@v1`, ...(own ?? [])].map((uses) => [uses, folder]))
  for (const uses of others ?? []) released[uses] = makeStandIn(`${folder}-${basename(uses)}`, uses)
  return released
}

/**
 * An artifact is a folder under $ARTIFACTS, found by its name, with one file or the content of a
 * folder. Signing is a line in the log, if there is a predicate.
 */
const standIns: Record<string, string> = {
  'actions/upload-artifact':
    'mkdir -p "$ARTIFACTS/$NAME"; if [ -d "$FROM" ]; then FROM=$FROM/.; fi; cp -r "$FROM" "$ARTIFACTS/$NAME"',
  'actions/download-artifact': 'mkdir -p "./$FROM" && cp -r "$ARTIFACTS/$NAME"/. "./$FROM"',
  'actions/attest': 'echo "signed: $SUBJECT, $(head -c 18 "$PREDICATE"), $TYPE"',
  'docker/login-action': 'true',
}

function makeStandIn(folder: string, uses: string): string {
  const run = standIns[uses.replace(/@.*/, '')]
  if (run === undefined) throw new Error(`there is no stand-in for ${uses}`)
  const env = {
    ...{ NAME: '${{ inputs.name }}', FROM: '${{ inputs.path }}' },
    SUBJECT: '${{ inputs.subject-name }}@${{ inputs.subject-digest }}',
    ...{ PREDICATE: '${{ inputs.predicate-path }}', TYPE: '${{ inputs.predicate-type }}' },
  }
  const names = [
    ...['name', 'path', 'if-no-files-found', 'overwrite', 'retention-days'],
    ...['subject-name', 'subject-digest', 'predicate-path', 'predicate-type'],
    ...['push-to-registry', 'create-storage-record', 'username', 'password'],
  ]
  const inputs = Object.fromEntries(names.map((name) => [name, {}]))
  const steps = [{ run, shell: 'bash', env }]
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    join(folder, 'action.yml'),
    stringify({ name: uses, inputs, runs: { using: 'composite', steps } }),
  )
  return folder
}

async function runAct(args: string[], folder: string, environment: NodeJS.ProcessEnv) {
  const program = resolve('.cache/lint/bin/act')
  if (!existsSync(program)) throw new Error('act is missing; script/test installs it')
  const child = spawn(program, args, {
    cwd: folder,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (log += text))
  const code = await new Promise<number | null>((done, fail) => child.once('error', fail).once('close', done))
  return { code, log }
}

/** `[workflow/job] 🏁  Job succeeded`; the name is padded with spaces. */
function jobsIn(log: string): Record<string, boolean> {
  const ends = [...log.matchAll(/^\[[^\]]*?\/([^\]]*?)\s*\] 🏁 {2}Job (succeeded|failed)$/gm)]
  return Object.fromEntries(ends.map(([, job = '', how]) => [job, how === 'succeeded']))
}
