import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { existsSync, writeFileSync } from 'node:fs'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemTimers } from '../../../src/system/clock.ts'
import { BuildCancelled, BuildError } from '../../../src/buildkit/build-error.ts'
import { type BuildRequest, runBuild } from '../../../src/buildkit/session.ts'
import { quickRetry } from '../../support/retry.ts'

// A process may be slow on a busy machine.
jest.setTimeout(60_000)

let directory: string
const lines: string[] = []

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'image-action-session-'))
  lines.length = 0
})
afterEach(() => rm(directory, { recursive: true, force: true }))

/** A stand-in for docker */
async function standIn(script: string, more: Partial<BuildRequest> = {}): Promise<BuildRequest> {
  const command = join(directory, 'docker')
  await writeFile(command, `#!/bin/sh\n${script}\n`)
  await chmod(command, 0o755)
  return {
    argv: ['buildx', 'build'],
    metadataFile: join(directory, 'metadata.json'),
    environment: { ...process.env, OUT: join(directory, 'metadata.json') },
    signal: new AbortController().signal,
    logFile: join(directory, 'build.log'),
    name: 'vllm v0.10.2',
    logged: new Set(),
    print: (line) => lines.push(line),
    timers: systemTimers,
    killAfter: 200,
    command,
    ...more,
  }
}

const failure = async (request: BuildRequest): Promise<BuildError> =>
  await runBuild(request).then(
    () => {
      throw new Error('it succeeded')
    },
    (error: unknown) => error as BuildError,
  )

const digest = `sha256:${'a'.repeat(64)}`
const success = `echo '{"containerimage.digest":"${digest}"}' > "$OUT"`

describe('one build', () => {
  it('succeeds if there is a digest', async () => {
    const built = await runBuild(await standIn(success))
    expect(built.digest).toBe(digest)
  })

  it.each([
    [
      'a silent kill',
      'kill -KILL $$',
      'The build of vllm v0.10.2 failed: buildx was killed by SIGKILL in the middle of the build (log: ',
    ],
    [
      'exit code 137 and no output',
      'exit 137',
      'buildx was killed (exit code 137) in the middle of the build (log: ',
    ],
    ['a kill after the digest was written', `${success}; kill -KILL $$`, 'buildx was killed by SIGKILL'],
    ['no digest', 'true', 'buildx ended without an error but left no digest of an image'],
    ['output without an error', 'echo "nothing here" >&2; exit 1', 'failed: nothing here (log: '],
  ])('fails with %s', async (_, script, message) => {
    const error = await failure(await standIn(script))
    expect(error).toBeInstanceOf(BuildError)
    expect(error.message).toContain(message)
    expect(error.logFile).toBe(join(directory, 'build.log'))
  })

  it("ignores an earlier build's digest", async () => {
    const request = await standIn('true')
    await writeFile(request.metadataFile ?? '', `{"containerimage.digest":"${digest}"}`)
    expect((await failure(request)).message).toContain('left no digest')
  })

  it('shows no secret in lines, log, steps and error', async () => {
    const say = (value: object): string => `printf '%s\\n' '${JSON.stringify(value)}' >&2`
    const script = [
      say({ vertexes: [{ digest: 'a', name: '[a 1/1] RUN echo hunter2', started: '2026-01-01T00:00:00Z' }] }),
      say({
        logs: [{ vertex: 'a', stream: 1, data: Buffer.from('ERROR: it is hunter2\n').toString('base64') }],
      }),
      say({
        vertexes: [
          {
            digest: 'a',
            name: 'x',
            started: '2026-01-01T00:00:00Z',
            completed: '2026-01-01T00:00:01Z',
            error: 'hunter2',
          },
        ],
      }),
      'echo "ERROR: hunter2" >&2; exit 1',
    ].join('\n')
    const request = await standIn(script, { redact: (text) => text.replaceAll('hunter2', '***') })
    const error = await failure(request)
    const everything = [
      ...lines,
      error.message,
      JSON.stringify(error.steps),
      await readFile(request.logFile, 'utf8'),
    ].join('\n')
    expect(everything).not.toContain('hunter2')
    expect(error.reason).toBe('it is ***')
  })

  it('writes the whole log to the file, and shows a part of it', async () => {
    const request = await standIn(
      `i=0; while [ $i -lt 3000 ]; do echo "line $i"; i=$((i+1)); done >&2; ${success}`,
    )
    await runBuild(request)
    const log = (await readFile(request.logFile, 'utf8')).trimEnd().split('\n')
    expect(log).toHaveLength(3000)
    expect(log.at(-1)).toBe('line 2999')
    expect(lines.length).toBeLessThan(200)
    expect(lines.join('\n')).toContain('more lines in the log file')
  })

  it('continues if the log file cannot be written, and reports it', async () => {
    const request = await standIn(`echo x >&2; ${success}`, { logFile: '/dev/full' })
    expect((await runBuild(request)).digest).toBe(digest)
    expect(lines.at(-1)).toMatch(/the log file \/dev\/full is incomplete: .*ENOSPC/)
  })

  it('fails if docker is not installed', async () => {
    const request = await standIn('true', { command: 'docker-that-is-not-there' })
    await expect(runBuild(request)).rejects.toThrow('docker-that-is-not-there was not found on PATH')
  })
})

describe('a build that fails', () => {
  const flaky = (times: number, failure: string) =>
    [
      'echo x >> "$OUT.tries"',
      `if [ "$(wc -l < "$OUT.tries")" -le ${times} ]; then ${failure}; fi`,
      success,
    ].join('\n')
  const says = (line: string) => `echo 'ERROR: failed to solve: ${line}' >&2; exit 1`
  const tries = async () => (await readFile(join(directory, 'metadata.json.tries'), 'utf8')).length / 2

  it('because of the registry is retried, and its log has all attempts', async () => {
    const request = await standIn(flaky(2, says('failed to push x: unexpected status: 502 Bad Gateway')))
    const built = await quickRetry().run(() => runBuild(request))
    expect(built.digest).toBe(digest)
    expect(await tries()).toBe(3)
    expect((await readFile(request.logFile, 'utf8')).match(/502 Bad Gateway/g)).toHaveLength(2)
  })

  it('for a permanent reason is not retried', async () => {
    const request = await standIn(flaky(1, says('failed to push x: 403 Forbidden')))
    await expect(quickRetry().run(() => runBuild(request))).rejects.toThrow('403 Forbidden')
    expect(await tries()).toBe(1)
  })

  it('because it was cancelled is not retried, whatever it prints', async () => {
    const cancel = new AbortController()
    const script = `trap '${says('connection reset by peer').replaceAll("'", '"')}' INT; echo begun >&2; while :; do sleep 0.05; done`
    const request = await standIn(`echo x >> "$OUT.tries"\n${script}`, {
      signal: cancel.signal,
      print: () => {
        cancel.abort()
      },
    })
    const retry = quickRetry({ signal: cancel.signal })
    await expect(retry.run(() => runBuild(request))).rejects.toBeInstanceOf(BuildCancelled)
    expect(await tries()).toBe(1)
  })

  it('because it produces no output is stopped and retried', async () => {
    // Time passes once, when the first attempt has begun.
    const now = (): number => (existsSync(join(directory, 'metadata.json.tries')) ? 300 : 0)
    const request = await standIn(flaky(1, 'exec sleep 60'), { quiet: 300, timers: { ...systemTimers, now } })
    const lines: string[] = []
    const built = await quickRetry({ log: (line) => lines.push(line) }).run(() => runBuild(request))
    expect(built.digest).toBe(digest)
    expect(lines).toEqual([
      expect.stringMatching(
        /^The build of vllm v0\.10\.2 was stopped: BuildKit produced no output for 0\.3 s; .*; retry 1 of 3 in 0\.0 s$/,
      ),
    ])
  })

  it('is not stopped while it produces output', async () => {
    // Time passes after each line.
    const script = `for i in 1 2 3 4; do echo "line $i" >&2; while [ ! -e "$OUT.$i" ]; do sleep 0.05; done; sleep 0.1; done; ${success}`
    let heard = 0
    const request = await standIn(script, {
      quiet: 400,
      timers: { ...systemTimers, now: () => heard * 300 },
      print: () => {
        heard += 1
        writeFileSync(join(directory, `metadata.json.${heard}`), '')
      },
    })
    expect((await runBuild(request)).digest).toBe(digest)
    expect(heard).toBeGreaterThanOrEqual(4)
  })
})
