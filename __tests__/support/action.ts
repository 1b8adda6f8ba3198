import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ActionOptions, type ActionRun, registry, runAction as run } from '../../script/runner.ts'
import { withShortcut } from './docker-shortcut.ts'
import { withPipMemory } from './pip-memory.ts'

// Also exports what the tests share with script/demo and script/real
export { type ActionOptions, type ActionRun, errorsOf, failedGates, registry } from '../../script/runner.ts'

/** Short delays for registries that are broken on purpose. */
const waits = JSON.stringify({ retry: 50, settle: 50 })

/** Node keeps the compiled bundle here, which is a third of the time that it takes to load. */
const compiled = join(tmpdir(), 'image-action-compiled')

export type TestOptions = ActionOptions & {
  /** `asked` if a test is about pip itself; otherwise pip runs once per index for all tests */
  pip?: 'remembered' | 'asked'
  /** `itself` if a test is about Docker's own program; otherwise its plugin is started at once */
  docker?: 'shortcut' | 'itself'
}

/**
 * Runs the action like a runner, but with short delays, stored answers of pip, a docker that starts
 * faster, and a bundle that is compiled already. A runner has none: what measures it sets NODE_DISABLE_COMPILE_CACHE.
 */
export function runAction(
  inputs: Record<string, string>,
  { pip = 'remembered', docker = 'shortcut', ...options }: TestOptions = {},
): Promise<ActionRun> {
  const environment = {
    ...(options.folder === undefined && { NODE_COMPILE_CACHE: compiled }),
    IMAGE_ACTION_WAITS: waits,
    ...options.environment,
  }
  const all: NodeJS.ProcessEnv = { ...process.env, ...environment }
  const path = pip === 'remembered' ? withPipMemory(all, inputs['package-index']) : all.PATH
  const PATH = docker === 'shortcut' ? withShortcut(path) : path
  return run(inputs, { ...options, environment: { ...environment, PATH } })
}

/** Creates a copy of the action with one change in a file; `from` must occur in it. */
export function changedAction(file: string, change: (text: string) => string): string {
  const folder = mkdtempSync(join(tmpdir(), 'action-'))
  for (const part of ['dist', 'dockerfiles']) cpSync(part, join(folder, part), { recursive: true })
  const path = join(folder, file)
  const before = readFileSync(path, 'utf8')
  const after = change(before)
  if (before === after) throw new Error(`${file} was not changed`)
  writeFileSync(path, after)
  return folder
}

/** Returns the tags of a repository; empty if there is no such repository. */
export async function tagsOf(repository: string): Promise<string[]> {
  const answer = await fetch(`http://${registry}/v2/${repository}/tags/list`)
  if (answer.status === 404) return []
  const { tags } = (await answer.json()) as { tags: string[] | null }
  return (tags ?? []).sort()
}

/** Returns the digest of a tag in the registry. */
export async function digestOf(repository: string, tag: string): Promise<string | null> {
  const accept = [
    'oci.image.index.v1',
    'oci.image.manifest.v1',
    'docker.distribution.manifest.v2',
    'docker.distribution.manifest.list.v2',
  ]
  const answer = await fetch(`http://${registry}/v2/${repository}/manifests/${tag}`, {
    method: 'HEAD',
    headers: { accept: accept.map((type) => `application/vnd.${type}+json`).join(', ') },
  })
  return answer.ok ? answer.headers.get('docker-content-digest') : null
}
