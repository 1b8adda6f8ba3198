import { describe, expect, it } from '@jest/globals'
import { type ChildProcess, execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pLimit from 'p-limit'
import {
  type ActionOptions,
  type ActionRun,
  changedAction,
  errorsOf,
  registry,
  runAction,
  tagsOf,
} from '../support/action.ts'
import { openRegistryProxy } from '../support/registry-proxy.ts'
import { useStandIns, withProgram } from '../support/stand-in-inputs.ts'

const minutes = 60_000

const world = useStandIns()

const vllm = { engine: 'vllm', versions: 'v0.21.0', 'aibrix-version': 'v0.7.0', 'gpu-architectures': '9.0' }
let counter = 0

/** Runs in parallel, for tests that measure no time */
const limit = pLimit(3)

/** Runs the action under its own namespace, so that whatever is left there comes from this run. */
async function run(
  inputs: Record<string, string>,
  options: ActionOptions = {},
): Promise<ActionRun & { namespace: string }> {
  // No namespace is a prefix of another, because processes are found by it.
  const namespace = `${world().namespace}-${String((counter += 1)).padStart(3, '0')}`
  const all = world().inputs({ ...vllm, namespace, ...inputs })
  return { ...(await runAction(all, { ...options, docker: 'itself' })), namespace }
}

/** Asserts what a user may expect of every failure. */
async function expectCleanFailure(
  failed: ActionRun & { namespace: string },
  sentence: RegExp,
): Promise<void> {
  expect(errorsOf(failed)).toHaveLength(1)
  expect(errorsOf(failed)[0]).toMatch(sentence)
  expect(failed.code).toBe(1)
  expect(failed.log).not.toMatch(/\n\s+at .+:\d+:\d+/)
  expect(await tagsOf(`${failed.namespace}/vllm-openai`)).toEqual([])
  // Finished parts stay for the next run; no tag marks an image as verified.
  expect(
    (await tagsOf(`${failed.namespace}/image-cache`)).filter(
      (tag) => !/^(?:candidate|extension|facts|wheel|ucx|layers)-/.test(tag),
    ),
  ).toEqual([])
  expect(processesOf(failed.namespace)).toEqual([])
}

function processesOf(text: string): string[] {
  const all = execFileSync('ps', ['axww', '-o', 'pid=,args='], { encoding: 'utf8' }).split('\n')
  return all.filter((line) => line.includes(text) && !line.includes('ps axww'))
}

function withStep(step: string): string {
  return changedAction('dockerfiles/Dockerfile.vllm', (text) =>
    text.replace('ARG BASE_USER=""', () => `${step}\nARG BASE_USER=""`),
  )
}

function logFileOf({ temp }: ActionRun): string {
  const [workspace = ''] = readdirSync(temp).filter((name) => name.startsWith('image-action-'))
  const leg = 'vllm-v0.21.0-aibrix-v0.7.0-nixl-0.7.1-amd64'
  return readFileSync(join(temp, workspace, 'logs', `${leg}.log`), 'utf8')
}

/** Returns a PATH without docker, or with our own docker. */
function pathWith(docker?: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'path-'))
  for (const program of ['git', 'sh', 'sleep', 'cat', 'kill', 'ps', 'head', 'tr', 'seq', 'dirname'])
    symlinkSync(
      execFileSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim(),
      join(folder, program),
    )
  if (docker !== undefined) symlinkSync(docker, join(folder, 'docker'))
  return folder
}

describe('bad input fails with one sentence', () => {
  it.concurrent.each<[string, Record<string, string>, RegExp]>([
    ['an engine version that does not exist', { versions: 'v9.9.9' }, /vllm-openai:v9\.9\.9 does not exist/],
    [
      'an AIBrix version that does not exist',
      { 'aibrix-version': 'v9.9.9' },
      /no tag, branch or commit "v9\.9\.9"/,
    ],
    [
      'a tag longer than 128 characters',
      { tags: `{{engine-version}}-${'x'.repeat(130)}` },
      /has 138 characters, and a registry allows 128/,
    ],
    ['a template with an unknown name', { tags: '{{torch}}' }, /"\{\{torch\}\}" is not allowed/],
    ['a registry that does not exist', { registry: '127.0.0.1:1' }, /127\.0\.0\.1:1/],
    [
      'a file without a certificate',
      { 'ca-certificates': 'package.json' },
      /ca-certificates: package\.json cannot be used/,
    ],
    ['an input that is misspelt', { aibrix_version: 'v0.7.0' }, /"aibrix_version"; use "aibrix-version"/],
    ['a builder that does not exist', { builder: 'no-such-builder' }, /no-such-builder/],
    ['a patch that AIBrix does not ship', { integration: 'patch' }, /patch/],
  ])(
    '%s',
    async (_, inputs, sentence) => {
      await expectCleanFailure(await limit(() => run(inputs)), sentence)
    },
    2 * minutes,
  )

  it('several errors are all named', async () => {
    const failed = await run({ engine: 'tgi', date: 'today' })
    expect(errorsOf(failed)[0]).toMatch(/engine: "tgi".*date: "today"/)
  })
})

describe('a registry that refuses', () => {
  const credentials = { user: 'robot', password: 'right-password' }

  it(
    'a wrong password is reported before anything is built',
    async () => {
      const proxy = await openRegistryProxy({ credentials })
      const failed = await run({ registry: proxy.host, username: 'robot', password: 'wrong-password' })
      await proxy.close()
      await expectCleanFailure(failed, /401.*(username|password|credentials)/)
      expect(failed.log).not.toContain('[image')
      expect(failed.log).not.toContain('wrong-password')
    },
    minutes,
  )

  it(
    'a token without the right to push is reported before anything is built',
    async () => {
      const proxy = await openRegistryProxy({ credentials, readOnly: true })
      const failed = await run({ registry: proxy.host, username: 'robot', password: 'right-password' })
      await proxy.close()
      await expectCleanFailure(failed, /403|denied/)
      expect(failed.log).not.toContain('[image')
    },
    minutes,
  )
})

describe('a build that fails', () => {
  it.concurrent(
    'names the line with the reason: pip',
    async () => {
      const folder = withStep(
        'RUN --mount=type=secret,id=package-index PIP_INDEX_URL="$(cat /run/secrets/package-index)" python3 -m pip install --break-system-packages nixl==9.9.9',
      )
      const failed = await limit(() => run({}, { folder }))
      await expectCleanFailure(failed, /No matching distribution found for nixl==9\.9\.9/)
      expect(logFileOf(failed)).toContain('No matching distribution found')
      expect(failed.summary).toContain('No matching distribution found')
    },
    3 * minutes,
  )

  it.concurrent(
    'names the line with the reason: the compiler',
    async () => {
      await expectCleanFailure(
        await limit(() => run({ 'aibrix-version': 'mutant/broken-build' })),
        /this commit does not compile/,
      )
    },
    3 * minutes,
  )

  it.concurrent(
    'names the line with the reason: a patch that does not apply',
    async () => {
      const inputs = { versions: 'v0.10.2', 'aibrix-version': 'mutant/broken-patch' }
      await expectCleanFailure(
        await limit(() => run(inputs)),
        /does not apply to the base's vllm .*can't find file to patch/,
      )
    },
    3 * minutes,
  )

  it.concurrent(
    'names the line with the reason: a full disk',
    async () => {
      const folder = withStep(
        'RUN --mount=type=tmpfs,target=/small,size=1048576 head -c 5000000 /dev/zero > /small/file',
      )
      await expectCleanFailure(await limit(() => run({}, { folder })), /[Nn]o space left on device/)
    },
    3 * minutes,
  )

  it(
    'is reported if buildx is killed with SIGKILL',
    async () => {
      const folder = withStep('RUN sleep 61.5')
      const killed = await run(
        {},
        {
          folder,
          watch: (child, output) => {
            if (output.includes('RUN sleep 61.5') && child.pid !== undefined)
              for (const line of processesOf('buildx build'))
                if (line.includes(folder)) process.kill(Number(line.trim().split(' ')[0]), 'SIGKILL')
          },
        },
      )
      await expectCleanFailure(killed, /killed|exit code|canceled/)
    },
    3 * minutes,
  )
})

describe('Docker', () => {
  it(
    'that is missing is an error',
    async () => {
      await expectCleanFailure(await run({}, { environment: { PATH: pathWith() } }), /docker was not found/)
    },
    minutes,
  )

  it(
    'without an engine is an error',
    async () => {
      const failed = await run({}, { environment: { DOCKER_HOST: 'unix:///nowhere/docker.sock' } })
      await expectCleanFailure(failed, /engine|daemon/i)
    },
    minutes,
  )
})

describe('a cancelled run', () => {
  /** Cancels a run in a step of the image. @returns the milliseconds until it has cleaned up */
  async function cancelledAfter(step: string): Promise<number> {
    const folder = withStep(`RUN ${step}`)
    let cancelled = Infinity
    let noticed = false
    const cancel = (child: ChildProcess) => {
      cancelled = performance.now()
      child.kill('SIGINT')
      setTimeout(() => child.kill('SIGTERM'), 7500).unref()
    }
    const watch = (child: ChildProcess, output: string) => {
      if (noticed || !output.includes(`RUN ${step}`)) return
      noticed = true
      // Docker 26 loses a cancel while a container starts, so the time is measured on a running
      // step.
      setTimeout(cancel, 1500, child)
    }
    const stopped = await run({}, { folder, watch })
    const duration = performance.now() - cancelled
    await expectCleanFailure(stopped, /cancelled/)
    const [workspace = ''] = readdirSync(stopped.temp).filter((name) => name.startsWith('image-action-'))
    expect(readdirSync(join(stopped.temp, workspace))).not.toContain('private')
    expect(processesOf(step)).toEqual([])
    return duration
  }

  it(
    'stops BuildKit and cleans up within 7 seconds',
    async () => {
      // The fastest counts, because other work on the machine delays some.
      const times: number[] = []
      while (times.length < 3 && !times.some((time) => time < 7000))
        times.push(await cancelledAfter(`sleep 62.${times.length + 1}`))
      expect(Math.min(...times)).toBeLessThan(7000)
    },
    3 * minutes,
  )

  it('leaves to post what main could not clean up: private files and a builder that it created', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'private-'))
    const called = join(mkdtempSync(join(tmpdir(), 'called-')), 'docker')
    const path = withProgram(
      mkdtempSync(join(tmpdir(), 'path-')),
      'docker',
      `#!/bin/sh\necho "$*" >>${called}\n`,
    )
    const environment = { PATH: path, 'STATE_private-folder': folder, STATE_builder: 'image-action-0123' }
    const post = await runAction({}, { entry: 'post', environment })
    expect(post.code).toBe(0)
    expect(() => readdirSync(folder)).toThrow('ENOENT')
    expect(readFileSync(called, 'utf8')).toBe('buildx rm --force -- image-action-0123\n')
  })
})

describe('a temporary builder', () => {
  it('is created for a push if the engine has no containerd store, and removed if the build fails', async () => {
    const called = join(mkdtempSync(join(tmpdir(), 'called-')), 'docker')
    const script = `#!/bin/sh
echo "$*" >>${called}
case "$*" in
  'buildx version'*) echo 'github.com/docker/buildx v0.13.1 0000000' ;;
  'buildx inspect'*) printf 'Name: default\\nDriver: docker\\nPlatforms: linux/amd64, linux/arm64\\n' ;;
  'info'*) echo '{"ServerVersion":"26.1.5","DriverStatus":[["Backing Filesystem","extfs"]]}' ;;
  'buildx build'*) echo 'ERROR: the stand-in does not build' >&2; exit 1 ;;
esac
`
    const path = withProgram(mkdtempSync(join(tmpdir(), 'path-')), 'docker', script)
    const failed = await run(
      { 'buildkit-image': 'mirror.example/buildkit:v0.15.0' },
      { environment: { PATH: path } },
    )
    await expectCleanFailure(failed, /the stand-in does not build/)
    const calls = readFileSync(called, 'utf8')
    const name = /--name (image-action-[0-9a-f]+)/.exec(calls)?.[1] ?? 'none'
    expect(calls).toMatch(
      /buildx create .*--driver docker-container .*image=mirror\.example\/buildkit:v0\.15\.0/,
    )
    expect(calls).toContain(`buildx build --builder ${name} `)
    expect(calls).toContain(`buildx rm --force -- ${name}\n`)
  })
})

it('the registry of these tests is running', async () => {
  expect((await fetch(`http://${registry}/v2/`)).status).toBe(200)
})
