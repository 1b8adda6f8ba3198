// An engine like that of a fresh runner, without images or build cache: a second dockerd next to
// the running one, with all its data in a separate folder.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
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
import { basename, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

export type FreshEngine = {
  /** Variables that make docker use it */
  environment: { DOCKER_HOST: string }
  /** Returns the id of its process, whose descendants are its build steps */
  pid: () => number | undefined
  /** Ends it with SIGKILL, like a crash. Its data stays. */
  crash: () => Promise<void>
  /** Starts it again */
  restart: () => Promise<void>
  /** Ends it and removes all its data */
  close: () => Promise<void>
}

/** Milliseconds that it may take to answer, or to end */
const patience = 30_000

/** Returns why this machine cannot run one, as a sentence; undefined if it can. */
export function noFreshEngine(): string | undefined {
  if (process.getuid?.() !== 0) return 'A second Docker engine needs root.'
  for (const [program, asked] of [
    ['dockerd', '--version'],
    ['ip', '-Version'],
  ] as const)
    if (spawnSync(program, [asked]).status !== 0) return `There is no ${program} on PATH.`
  return undefined
}

/**
 * Starts an engine with the containerd image store and without its own network: RUN steps need
 * `network: host`.
 *
 * @param parent of its folder, which grows to the size of what is built
 */
export async function openFreshEngine(parent = tmpdir()): Promise<FreshEngine> {
  const reason = noFreshEngine()
  if (reason !== undefined) throw new Error(reason)
  mkdirSync(parent, { recursive: true })
  const data = mkdtempSync(join(parent, 'engine-'))
  // A separate folder, because the path of a socket has at most 107 characters.
  const folder = mkdtempSync(join(tmpdir(), 'engine-'))
  const path = (name: string) => join(folder, name)
  writeFileSync(path('daemon.json'), '{"features": {"containerd-snapshotter": true}}\n')
  const environment = { DOCKER_HOST: `unix://${path('socket')}` }
  const bridge = addBridge(basename(folder))
  const start = (): Promise<Daemon> => startDaemon(data, path, environment, bridge)
  const remove = (): void => {
    for (const one of [data, folder]) removeWithMounts(one)
    spawnSync('ip', ['link', 'delete', bridge])
  }
  let daemon = await start().catch((error: unknown) => {
    remove()
    throw error
  })
  return {
    environment,
    pid: () => daemon.pid,
    crash: () => daemon.end('SIGKILL'),
    restart: async () => {
      daemon = await start()
    },
    close: async () => {
      await daemon.end('SIGTERM')
      remove()
    },
  }
}

/**
 * Adds a bridge. With `--bridge=none` dockerd would remove docker0, which belongs to the other
 * engine (`removeDefaultBridgeInterface`).
 */
function addBridge(name: string): string {
  const ip = (...args: string[]) => execFileSync('ip', args)
  ip('link', 'add', name, 'type', 'bridge')
  // RFC 2544's test addresses, to which nothing is ever sent
  ip('address', 'add', `198.18.${randomInt(256)}.1/24`, 'dev', name)
  return name
}

type Daemon = { pid: number | undefined; end: (signal: NodeJS.Signals) => Promise<void> }

/** @param path returns the path of a file or folder of this engine */
async function startDaemon(
  data: string,
  path: (name: string) => string,
  environment: FreshEngine['environment'],
  bridge: string,
): Promise<Daemon> {
  const log = openSync(path('log'), 'a')
  const daemon = spawn(
    'dockerd',
    [
      ...['--config-file', path('daemon.json'), '--data-root', data, '--exec-root', path('exec')],
      ...['--pidfile', path('pid'), '--host', environment.DOCKER_HOST],
      ...[`--bridge=${bridge}`, '--iptables=false', '--ip6tables=false'],
    ],
    { stdio: ['ignore', log, log] },
  )
  closeSync(log)
  const ended = new Promise<void>((done) => daemon.once('close', () => done()).once('error', () => done()))
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    daemon.kill(signal)
    await Promise.race([ended, wait(patience, undefined, { ref: false })])
    if (daemon.exitCode === null && daemon.signalCode === null) daemon.kill('SIGKILL')
  }
  for (const start = performance.now(); !answers(environment); await wait(200)) {
    if (daemon.exitCode === null && daemon.signalCode === null && performance.now() - start < patience)
      continue
    const said = readFileSync(path('log'), 'utf8').trim().split('\n').slice(-3).join('\n')
    await end('SIGTERM')
    throw new Error(`A second Docker engine did not start:\n${said}`)
  }
  return { pid: daemon.pid, end }
}

/** Removes a folder in which a killed engine may have left mounted file systems. */
export function removeWithMounts(folder: string): void {
  if (!existsSync(folder)) return
  const own = realpathSync(folder)
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    // The data folder is itself a mount, which only an engine that ends normally removes
    .filter((path) => path === own || path.startsWith(`${own}/`))
  // Innermost first
  for (const path of mounts.sort().reverse()) spawnSync('umount', ['--lazy', path])
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}

function answers(environment: { DOCKER_HOST: string }): boolean {
  return spawnSync('docker', ['version'], { env: { ...process.env, ...environment } }).status === 0
}
