import { afterAll, beforeAll, expect, it, jest } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ActionRun, errorsOf, runAction } from '../support/action.ts'
import { useStandIns, withProgram } from '../support/stand-in-inputs.ts'

jest.setTimeout(60_000)

const world = useStandIns()

const vllm = { engine: 'vllm', versions: 'v0.21.0', 'aibrix-version': 'v0.7.0', push: 'false' }

/** A disk of 64 MB, too small for any base. */
let small: string

function asRoot(...command: string[]): void {
  const [program = '', ...args] = process.getuid?.() === 0 ? command : ['sudo', '-n', ...command]
  execFileSync(program, args)
}

beforeAll(() => {
  small = mkdtempSync(join(tmpdir(), 'disk-'))
  asRoot('mount', '-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', small)
})

afterAll(() => {
  asRoot('umount', small)
})

type Engine = {
  /** Folder of the engine's files, as it reports it */
  disk: string
  /** Whether it already has the base, in its images or in BuildKit's cache */
  images?: boolean
  cache?: string
  driver?: string
}

/** This machine's docker, which reports another disk and builds nothing. */
async function runOn(
  { disk, images = false, cache = '0B', driver }: Engine,
  more: Record<string, string> = {},
): Promise<ActionRun & { calls: string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'path-'))
  const docker = execFileSync('sh', ['-c', 'command -v docker'], { encoding: 'utf8' }).trim()
  const inspected = `Name: other\\nDriver: ${driver ?? ''}\\nEndpoint: tcp://10.0.0.1:1234\\nPlatforms: linux/amd64\\n`
  const path = withProgram(
    folder,
    'docker',
    `#!/bin/sh
# The endpoint is an address, so that the engine at it is asked once more, for its disk alone.
echo "$*" >> ${folder}/calls
case "$*" in
  --host*) ${docker} "$@" | sed 's#"DockerRootDir":"[^"]*"#"DockerRootDir":"${disk}"#; s#io.containerd.snapshotter.v1#other#' ;;
  'image inspect'*) exit ${images ? 0 : 1} ;;
  'buildx du'*) printf 'Reclaimable:\\t0B\\nTotal:\\t\\t${cache}\\n' ;;
  'buildx inspect'*) ${driver === undefined ? `${docker} "$@" | sed 's#^Endpoint:.*#Endpoint: unix:///var/run/docker.sock#'` : `printf '${inspected}'`} ;;
  'buildx build'*) echo 'ERROR: it came to building' >&2; exit 1 ;;
  *) exec ${docker} "$@" ;;
esac
`,
  )
  const run = await runAction(world().inputs({ ...vllm, ...more }), { environment: { PATH: path } })
  const calls = readFileSync(join(folder, 'calls'), 'utf8').split('\n')
  return { ...run, calls }
}

const came = (run: ActionRun & { calls: string[] }): boolean =>
  run.calls.some((call) => call.startsWith('buildx build'))

it('a base that does not fit on the disk is an error before anything is pulled', async () => {
  const run = await runOn({ disk: small })
  expect(run.code).toBe(1)
  expect(came(run)).toBe(false)
  expect(errorsOf(run)).toHaveLength(1)
  expect(errorsOf(run)[0]).toMatch(
    new RegExp(
      `vllm v0\\.21\\.0 for linux/amd64 needs at least \\d+ MB of disk space \\(\\d+ MB compressed, times 1\\.5\\), ` +
        `and ${small} has 6\\d\\.\\d MB free; use a runner with a bigger disk, ` +
        `on a GitHub-hosted runner set free-disk-space: true, or set force: true to try\\.`,
    ),
  )
})

it.each<[string, Engine, Record<string, string>, RegExp]>([
  [
    'a disk with enough space',
    { disk: tmpdir() },
    {},
    /vllm v0\.21\.0 for linux\/amd64 needs about \d+ MB of disk space \(\d+ MB compressed, times 2\), and .* free\./,
  ],
  [
    'a base that the engine already has',
    { disk: '', images: true, cache: '300MB' },
    {},
    /Note: .* needs at least .*; the engine may have these layers already/,
  ],
  [
    'a BuildKit cache that may contain the base',
    { disk: '', cache: '1.5GB' },
    {},
    /Note: .* needs at least .*; the engine may have these layers already/,
  ],
  [
    'force',
    { disk: '' },
    { force: 'true' },
    /Note: .* needs at least .*; building all the same, because force is set/,
  ],
  [
    'an engine on another machine',
    { disk: '/no/such/folder' },
    {},
    /Disk space is not checked: there is no \/no\/such\/folder on this machine\./,
  ],
  [
    'a remote builder',
    { disk: '', driver: 'remote' },
    {},
    /Disk space is not checked: the builder has the driver "remote", and its disk is not on this machine\./,
  ],
])('with %s the build starts', async (_, engine, more, said) => {
  const run = await runOn({ ...engine, disk: engine.disk === '' ? small : engine.disk }, more)
  expect(run.log).toMatch(said)
  expect(came(run)).toBe(true)
  expect(errorsOf(run).join()).toContain('it came to building')
})

it('free-disk-space removes nothing on a machine that is not a GitHub-hosted runner, and reports that', async () => {
  const run = await runOn({ disk: small }, { 'free-disk-space': 'true' })
  expect(run.log).toContain('free-disk-space: skipped, this is not a GitHub-hosted Linux runner.')
  expect(errorsOf(run).join()).toContain('use a runner with a bigger disk, or set force: true to try.')
})
