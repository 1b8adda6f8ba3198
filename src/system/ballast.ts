import { lstat, realpath, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { runProcess } from './process.ts'
import { sentenceOf } from '../errors.ts'
import { humanBytes } from '../text.ts'

/**
 * What GitHub's Linux runners have that no leg needs (docs/disk.md, with sizes and sources). Whole folders, none of which holds
 * another one's, and none of Node, Python, git, Docker or the runner itself.
 */
export const ballast: readonly { path: string; what: string }[] = [
  { path: '/usr/local/lib/android', what: 'Android SDK and NDK' },
  { path: '/usr/local/.ghcup', what: 'Haskell' },
  { path: '/opt/ghc', what: 'Haskell' },
  { path: '/usr/share/dotnet', what: '.NET' },
  { path: '/usr/share/swift', what: 'Swift' },
  { path: '/opt/hostedtoolcache/CodeQL', what: 'CodeQL' },
  { path: '/usr/local/share/boost', what: 'Boost' },
  { path: '/usr/local/share/powershell', what: 'modules of PowerShell' },
  { path: '/usr/local/share/chromium', what: 'Chromium' },
  { path: '/usr/share/miniconda', what: 'Miniconda' },
]

type Runner = { environment: NodeJS.ProcessEnv; signal: AbortSignal; log: (line: string) => void }

/** Removing them takes a minute or two; what takes longer has hung. In milliseconds. */
const longest = 300_000

/** @returns whether a job runs right on a Linux machine of GitHub: in a container of the job ImageOS is not set */
export function isHostedLinux(environment: NodeJS.ProcessEnv): boolean {
  const { RUNNER_ENVIRONMENT: where, RUNNER_OS: system, ImageOS: image = '', ACT: act } = environment
  return where === 'github-hosted' && system === 'Linux' && image.startsWith('ubuntu') && act === undefined
}

/**
 * Removes the ballast of a runner of GitHub, and nothing on any other machine. Never fails: what can't be removed stays, with
 * a word in the log.
 * @param root `/`, or the folder that a test has in its place
 */
export async function removeBallast(root: string, machine: Runner): Promise<void> {
  const { environment, log } = machine
  if (!isHostedLinux(environment))
    return log('free-disk-space: nothing is removed, this is no Linux runner of GitHub.')
  const before = await freeBytes(root)
  for (const { path, what } of ballast)
    try {
      await removeOne(root, path, what, machine)
    } catch (error) {
      log(`free-disk-space: ${path} stays: ${sentenceOf(error)}`)
    }
  const after = await freeBytes(root)
  log(`free-disk-space: ${humanBytes(Math.max(0, after - before))} in all, now ${humanBytes(after)} are free`)
}

async function removeOne(
  root: string,
  path: string,
  what: string,
  { environment, signal, log }: Runner,
): Promise<void> {
  const target = join(root, path)
  const there = await lstat(target).catch(() => undefined)
  if (!there) return
  // A link, in the path or at its end, leads to what is not on the list.
  if (!there.isDirectory() || (await realpath(target)) !== join(await realpath(root), path))
    return log(`free-disk-space: ${path} stays: it is a link, or no folder`)
  const before = await freeBytes(root)
  const remove = ['rm', '-rf', '--one-file-system', '--', target]
  const [program = '', ...args] = process.getuid?.() === 0 ? remove : ['sudo', '-n', ...remove]
  const { exit, stderr } = await runProcess(program, args, {
    environment,
    signal,
    killAfter: 1000,
    timeout: longest,
  })
  const freed = humanBytes(Math.max(0, (await freeBytes(root)) - before))
  if (exit.kind === 'code' && exit.code === 0) return log(`free-disk-space: ${freed} of ${what}, ${path}`)
  log(`free-disk-space: ${path} is not removed to the end: ${stderr.trim().split('\n').at(-1) ?? ''}`)
}

async function freeBytes(root: string): Promise<number> {
  const { bavail, bsize } = await statfs(root)
  return bavail * bsize
}
