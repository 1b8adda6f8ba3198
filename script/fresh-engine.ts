// An engine as a fresh runner has it: no image, no build cache. A second dockerd beside the one that runs, with all that it
// keeps in a folder of its own.
import { spawn, spawnSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

export type FreshEngine = {
  /** What makes docker talk to it */
  environment: { DOCKER_HOST: string }
  /** Ends it and removes all that it has */
  close: () => Promise<void>
}

/** Milliseconds until it answers, or has ended */
const patience = 30_000

/** Why there can't be one here, as a sentence; undefined if there can */
export function noFreshEngine(): string | undefined {
  if (process.getuid?.() !== 0) return 'A second Docker engine needs root.'
  if (spawnSync('dockerd', ['--version']).status !== 0) return 'There is no dockerd on PATH.'
  return undefined
}

/**
 * Has the containerd image store and no network of its own: RUN steps need `network: host`.
 * @param parent where its folder is made; it grows to what is built
 */
export async function openFreshEngine(parent = tmpdir()): Promise<FreshEngine> {
  const reason = noFreshEngine()
  if (reason !== undefined) throw new Error(reason)
  mkdirSync(parent, { recursive: true })
  const data = mkdtempSync(join(parent, 'engine-'))
  // Apart, because the path of a socket has at most 107 characters.
  const folder = mkdtempSync(join(tmpdir(), 'engine-'))
  const path = (name: string) => join(folder, name)
  writeFileSync(path('daemon.json'), '{"features": {"containerd-snapshotter": true}}\n')
  const log = openSync(path('log'), 'w')
  const host = `unix://${path('socket')}`
  const daemon = spawn(
    'dockerd',
    [
      ...['--config-file', path('daemon.json'), '--data-root', data, '--exec-root', path('exec')],
      ...['--pidfile', path('pid'), '--host', host],
      ...['--bridge=none', '--iptables=false', '--ip6tables=false'],
    ],
    { stdio: ['ignore', log, log] },
  )
  closeSync(log)
  const ended = new Promise<void>((done) => daemon.once('close', () => done()).once('error', () => done()))
  const environment = { DOCKER_HOST: host }
  const close = async (): Promise<void> => {
    daemon.kill('SIGTERM')
    await Promise.race([ended, wait(patience, undefined, { ref: false })])
    if (daemon.exitCode === null && daemon.signalCode === null) daemon.kill('SIGKILL')
    for (const one of [data, folder]) removeWithMounts(one)
  }
  for (const start = performance.now(); !answers(environment); await wait(200)) {
    if (daemon.exitCode === null && performance.now() - start < patience) continue
    const said = readFileSync(path('log'), 'utf8').trim().split('\n').slice(-3).join('\n')
    await close()
    throw new Error(`A second Docker engine did not start:\n${said}`)
  }
  return { environment, close }
}

/** Removes a folder in which an engine that was killed may have left file systems mounted. */
export function removeWithMounts(folder: string): void {
  if (!existsSync(folder)) return
  const inside = `${realpathSync(folder)}/`
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(inside))
  // The innermost first
  for (const path of mounts.sort().reverse()) spawnSync('umount', ['--lazy', path])
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}

function answers(environment: { DOCKER_HOST: string }): boolean {
  return spawnSync('docker', ['version'], { env: { ...process.env, ...environment } }).status === 0
}
