import { describe, expect, it } from '@jest/globals'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { argumentsOf, runProbes } from '../../../src/command/verify/run-probes.ts'

const probed = {
  image: `docker.io/a/b@sha256:${'a'.repeat(64)}`,
  platform: 'linux/amd64',
  engine: 'vllm',
  gpus: 'all',
} as const

/** Runs the probes with a shell script in the place of docker; it finds its arguments in `$calls`. */
function begin(script: string, signal: AbortSignal) {
  const folder = mkdtempSync(join(tmpdir(), 'docker-'))
  const calls = join(folder, 'calls')
  writeFileSync(calls, '')
  writeFileSync(join(folder, 'docker'), `#!/bin/sh\necho "$*" >>${calls}\n${script}`, { mode: 0o755 })
  const logged: string[] = []
  const run = runProbes(probed, {
    dockerfiles: '/action/dockerfiles',
    environment: { PATH: `${folder}:/usr/bin:/bin` },
    signal,
    log: (line) => logged.push(line),
    waits: { build: 60_000 },
  })
  return { run, logged, calls }
}

async function runWith(script: string) {
  const { run, logged, calls } = begin(script, new AbortController().signal)
  const facts = await run
  const [pull = '', ...runs] = readFileSync(calls, 'utf8').trim().split('\n')
  return { facts, logged, pull, calls: runs }
}

const answer = (json: string) => `echo 'image-action-probe: ${json}'`
const engine = '{"step":"end","lacks":null,"device":null,"platform":"cuda","compared":[]}'

describe('the probes on a GPU', () => {
  it('run one after the other, each in a container of its own, without a network', async () => {
    const { pull, calls, logged } = await runWith('exit 0')
    // Gigabytes, before the clock of the first probe starts
    expect(pull).toBe(`pull --quiet --platform linux/amd64 ${probed.image}`)
    const files = ['engine.py', 'cache_operator.py', 'nixl_transfer.py', 'ucx.py']
    expect(calls.map((call) => /image-action-gpu\/(\w+\.py) vllm$/.exec(call)?.[1])).toEqual(files)
    expect(new Set(calls.map((call) => /--name (\S+)/.exec(call)?.[1])).size).toBe(4)
    expect(logged.slice(1)).toEqual(files.map((file) => `On a GPU: ${file}`))
  })

  it('get the GPUs, nothing that they could write, and no credentials', () => {
    expect(argumentsOf('ucx.py', 'name', { ...probed, gpus: '"device=0,1"' }, '/action/dockerfiles')).toEqual(
      [
        ...['run', '--rm', '--name', 'name', '--gpus', '"device=0,1"', '--network', 'none'],
        ...['--platform', 'linux/amd64', '--shm-size', '1g'],
        ...['--mount', 'type=bind,source=/action/dockerfiles/gpu,target=/run/image-action-gpu,readonly'],
        ...['--env', 'PYTHONDONTWRITEBYTECODE=1', '--entrypoint', 'python3'],
        ...[probed.image, '/run/image-action-gpu/ucx.py', 'vllm'],
      ],
    )
  })

  it.each<[string, string, object]>([
    [
      'the last answer counts',
      `${answer('{"step":"torch"}')}\necho noise\n${answer(engine)}`,
      { state: 'ran', answer: JSON.parse(engine) as unknown, process: { outcome: 'ok' } },
    ],
    [
      'an answer before a crash shows how far it came',
      `${answer(engine.replace('end', 'kernels'))}\necho first >&2\necho 'CUDA error' >&2\n[ $1 = pull ] || exit 1`,
      { state: 'ran', answer: { step: 'kernels' }, process: { outcome: 'error', error: 'CUDA error' } },
    ],
    [
      'a crash without a word has its exit code',
      '[ $1 = pull ] || exit 139',
      { state: 'ran', answer: undefined, process: { outcome: 'error', error: 'exit code 139' } },
    ],
    [
      'another answer than the probe gives is none',
      answer('{"step":1}'),
      { state: 'ran', answer: undefined },
    ],
    [
      "Docker's own failure says nothing about the image",
      `[ $1 = run ] || exit 0; echo 'docker: Error response from daemon: could not select device driver "" with capabilities: [[gpu]].\n\nRun '\\''docker run --help'\\'' for more information' >&2\nexit 125`,
      {
        state: 'not started',
        why: expect.stringMatching(
          /with --gpus all: could not select device driver "" with .*\[\[gpu\]\]\.$/,
        ),
      },
    ],
  ])('%s', async (_, script, expected) => {
    expect((await runWith(script)).facts.engine).toMatchObject(expected)
  })

  it('are not started where the image cannot be pulled', async () => {
    const { facts, calls } = await runWith(`echo 'no space left on device' >&2; exit 1`)
    expect(calls).toEqual([])
    for (const one of Object.values(facts))
      expect(one).toEqual({ state: 'not started', why: 'docker did not pull it: no space left on device' })
  })

  it('end with the run', async () => {
    const abort = new AbortController()
    const run = runProbes(probed, {
      dockerfiles: '/action/dockerfiles',
      environment: { PATH: '/usr/bin:/bin' },
      signal: abort.signal,
      log: () => undefined,
      waits: { build: 60_000 },
    })
    abort.abort(new Error('cancelled'))
    await expect(run).rejects.toThrow()
  })

  it.each([
    ['the run is cancelled', 'sleep 20', true],
    ['one prints without end', 'yes', false],
  ])('leave no container behind if %s', async (_, work, isCancelled) => {
    const abort = new AbortController()
    const { run, calls } = begin(`[ $1 != run ] || ${work}`, abort.signal)
    const timer = setInterval(() => {
      if (isCancelled && readFileSync(calls, 'utf8').includes('\nrun ')) abort.abort(new Error('cancelled'))
    }, 20)
    await expect(run).rejects.toThrow()
    clearInterval(timer)
    const [, begun = '', removed] = readFileSync(calls, 'utf8').trim().split('\n')
    expect(removed).toBe(`rm --force ${/--name (\S+)/.exec(begun)?.[1] ?? ''}`)
  })
})
