import { lstat, realpath, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { runProcess } from './process.ts'
import { sentenceOf } from '../errors.ts'
import { humanBytes } from '../text.ts'

/**
 * Software of GitHub-hosted Linux runners that no leg needs (docs/disk.md has sizes and sources):
 * separate, whole folders, and nothing of Node, Python, git, Docker or the runner itself.
 */
export const ballast: readonly Folder[] = [
  { path: '/usr/local/lib/android', what: 'Android SDK and NDK' },
  { path: '/usr/local/.ghcup', what: 'Haskell' },
  { path: '/opt/ghc', what: 'Haskell' },
  { path: '/usr/share/dotnet', what: '.NET' },
  { path: '/usr/share/swift', what: 'Swift' },
  { path: '/opt/hostedtoolcache/CodeQL', what: 'CodeQL' },
  { path: '/usr/local/share/boost', what: 'Boost' },
  { path: '/usr/local/share/powershell', what: 'PowerShell modules' },
  { path: '/usr/local/share/chromium', what: 'Chromium' },
  { path: '/usr/share/miniconda', what: 'Miniconda' },
]

type Runner = { environment: NodeJS.ProcessEnv; signal: AbortSignal; log: (line: string) => void }

type Folder = { path: string; what: string }

/** Milliseconds to remove one folder; removing all takes a minute or two. */
const removeTimeout = 300_000

/** @returns whether a job runs directly on a hosted Linux runner; job containers lack ImageOS */
export function isHostedLinux(environment: NodeJS.ProcessEnv): boolean {
  const { RUNNER_ENVIRONMENT: where, RUNNER_OS: system, ImageOS: image = '', ACT: act } = environment
  return where === 'github-hosted' && system === 'Linux' && image.startsWith('ubuntu') && act === undefined
}

/**
 * Removes the ballast of a GitHub-hosted runner, and nothing on any other machine. Never fails:
 * what cannot be removed is logged.
 * @param root `/`, or a folder of a test
 */
export async function removeBallast(root: string, machine: Runner): Promise<void> {
  const { environment, log } = machine
  if (!isHostedLinux(environment))
    return log('free-disk-space: skipped, this is not a GitHub-hosted Linux runner.')
  const before = await freeBytes(root)
  for (const folder of ballast)
    try {
      await removeOne(root, folder, machine)
    } catch (error) {
      log(`free-disk-space: ${folder.path} was not removed: ${sentenceOf(error)}`)
    }
  const after = await freeBytes(root)
  log(
    `free-disk-space: freed ${humanBytes(Math.max(0, after - before))} in total, ${humanBytes(after)} are free`,
  )
}

async function removeOne(root: string, { path, what }: Folder, machine: Runner): Promise<void> {
  const { environment, signal, log } = machine
  const target = join(root, path)
  const found = await lstat(target).catch(() => undefined)
  if (!found) return
  // A link in the path would lead to a folder that is not on the list.
  if (!found.isDirectory() || (await realpath(target)) !== join(await realpath(root), path))
    return log(`free-disk-space: ${path} was not removed: it is a link, or not a folder`)
  const before = await freeBytes(root)
  const remove = ['rm', '-rf', '--one-file-system', '--', target]
  const [program = '', ...args] = process.getuid?.() === 0 ? remove : ['sudo', '-n', ...remove]
  const options = { environment, signal, killAfter: 1000, timeout: removeTimeout }
  const { exit, stderr } = await runProcess(program, args, options)
  const freed = humanBytes(Math.max(0, (await freeBytes(root)) - before))
  if (exit.kind === 'code' && exit.code === 0)
    return log(`free-disk-space: freed ${freed} of ${what}, ${path}`)
  log(`free-disk-space: ${path} was removed only in part: ${stderr.trim().split('\n').at(-1) ?? ''}`)
}

async function freeBytes(root: string): Promise<number> {
  const { bavail, bsize } = await statfs(root)
  return bavail * bsize
}
