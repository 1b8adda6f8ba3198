import { afterAll, beforeAll } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type IndexServer, serveIndex } from '../../stand-ins/index-server.ts'
import { type ActionRun, runAction, type TestOptions } from './action.ts'
import { type GitServer, serveGit } from './git-server.ts'
import { rememberIndex } from './pip-memory.ts'
import { makeTaggedRepository, makeWheelIndex, realTags } from './planning-world.ts'

const minutes = 60_000
const user = { user: 'robot', password: 'canary-git-5b7e' }

/** What plans read besides a registry: AIBrix and UCX behind a password, and wheels of NIXL. */
export type PlanSources = {
  git: GitServer
  /** Has wheels of NIXL for the bases of `versions`; pip on the runner queries it */
  wheels: IndexServer
  folder: string
  /** Of AIBrix's tags */
  commits: Map<string, string>
}

/** Plans as `plan` in a job without Docker. */
type RunPlan = (
  host: string,
  namespace: string,
  more: Record<string, string>,
  options?: TestOptions,
) => Promise<ActionRun>

/** Opens the sources before the tests of a file. @returns both for use within a test */
export function usePlanSources(): { sources: () => PlanSources; plan: RunPlan } {
  let opened: PlanSources | undefined
  beforeAll(async () => {
    opened = await openPlanSources()
  }, minutes)
  afterAll(async () => {
    await opened?.git.close()
    await opened?.wheels.close()
    if (opened) rmSync(opened.folder, { recursive: true })
  })
  const sources = (): PlanSources => {
    if (!opened) throw new Error('the sources are there only within a test')
    return opened
  }
  return { sources, plan: (...given) => planWith(sources(), ...given) }
}

async function openPlanSources(): Promise<PlanSources> {
  const folder = mkdtempSync(join(tmpdir(), 'planning-'))
  const commits = makeTaggedRepository(join(folder, 'aibrix.git'), realTags('aibrix'))
  makeTaggedRepository(join(folder, 'ucx.git'), ['v1.18.1', 'v1.19.0', 'v1.20.0', 'v1.21.0', 'v1.22.0'])
  const git = await serveGit(folder, user)
  const directory = join(folder, 'wheels')
  makeWheelIndex(directory, [
    ...['0.5.1', '0.6.0', '0.6.1', '0.7.0'].map(
      (version) => `nixl-${version}-cp312-cp312-manylinux_2_28_x86_64.whl`,
    ),
    'nixl-0.7.1-py3-none-any.whl',
    'nixl_cu12-0.7.1-cp312-cp312-manylinux_2_28_x86_64.whl',
  ])
  const wheels = await serveIndex(directory)
  rememberIndex(wheels.url, directory)
  return { git, wheels, folder, commits }
}

/** Returns a namespace that no other test uses. */
export function freshNamespace(): string {
  return `planning-${randomBytes(4).toString('hex')}`
}

function planWith(
  { git, wheels }: PlanSources,
  ...[host, namespace, more, options = {}]: Parameters<RunPlan>
): Promise<ActionRun> {
  return runAction(
    {
      ...{ command: 'plan', registry: host, namespace, 'base-registry': `${host}/${namespace}` },
      ...{ date: '20251123', integration: 'none', 'package-index': wheels.url },
      ...{ 'aibrix-repository': `${git.url}/aibrix.git`, 'ucx-repository': `${git.url}/ucx.git` },
      secrets: `git-credentials=${git.url.replace('//', `//${user.user}:${user.password}@`)}`,
      ...more,
    },
    options,
  )
}

/** The document in the file of a plan. */
export type Document = {
  images: {
    id: string
    version: { tag: string }
    tags: string[]
    cause: { kind: string }
    legs: { aibrix: { ref: string; commit: string }; nixl: string; feasibility: string; buildId: string }[]
  }[]
  excluded: { version: string; reason: string }[]
}

/** Returns the document in the file of a plan. */
export function documentOf({ temp }: ActionRun): Document {
  const [file = ''] = globSync('**/plan.json', { cwd: temp })
  return JSON.parse(readFileSync(join(temp, file), 'utf8')) as Document
}
