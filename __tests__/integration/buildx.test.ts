import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, readlink, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildxArguments } from '../../src/buildkit/argv.ts'
import { setTimesByContent } from '../../src/buildkit/context-times.ts'
import { reproduceCommand } from '../../src/leg/reproduce.ts'
import { dockerEnvironment } from '../../src/buildkit/engine/docker-config.ts'
import { systemTimers } from '../../src/system/clock.ts'
import { BuildCancelled, BuildError } from '../../src/buildkit/build-error.ts'
import { type BuildRequest, runBuild } from '../../src/buildkit/session.ts'
import { uncachedSteps } from '../../src/buildkit/steps.ts'
import { authoritiesForPrograms } from '../../src/system/certificates.ts'
import { makeAuthority } from '../support/authority.ts'
import { makeCall, makeLeg } from '../support/build-calls.ts'
import { makeRepository } from '../support/git-repositories.ts'
import { openRegistryProxy } from '../support/registry-proxy.ts'

const base = 'image-action-test/buildx-base:1'
let directory: string
let builds = 0

/** Returns the libraries that a program needs, as this machine's loader finds them. */
function librariesOf(program: string): string[] {
  const text = execFileSync('ldd', [program], { encoding: 'utf8' })
  return [...text.matchAll(/(\/\S+)/g)].map((match) => match[1] ?? '')
}

/**
 * Creates a base of a few MB without a pull: this machine's shell, and the programs that these
 * builds call.
 */
async function importBase(): Promise<void> {
  const root = join(directory, 'root')
  const programs = ['sh', 'sleep', 'cat', 'seq'].map((name) =>
    execFileSync('sh', ['-c', `readlink -f "$(command -v ${name})"`], { encoding: 'utf8' }).trim(),
  )
  await mkdir(join(root, 'bin'), { recursive: true })
  for (const [index, name] of ['sh', 'sleep', 'cat', 'seq'].entries())
    await cp(programs[index] ?? '', join(root, 'bin', name))
  for (const library of new Set(programs.flatMap(librariesOf))) {
    await mkdir(join(root, library, '..'), { recursive: true })
    await cp(library, join(root, library), { dereference: true })
  }
  execFileSync('sh', ['-c', 'tar -C "$1" -c . | docker import - "$2"', 'sh', root, base])
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'image-action-buildx-'))
  await importBase()
}, 60_000)

afterAll(async () => {
  execFileSync('docker', ['image', 'rm', '--force', base], { stdio: 'ignore' })
  await rm(directory, { recursive: true, force: true })
})

type Setup = { request: BuildRequest; lines: string[]; controller: AbortController }

/** A separate build: `mark` in a RUN line keeps it from hitting the cache of an earlier run. */
async function setUp(dockerfile: string, extra: string[] = []): Promise<Setup> {
  builds += 1
  const context = join(directory, `build-${builds}`)
  await mkdir(context)
  await writeFile(join(context, 'Dockerfile'), dockerfile)
  await writeFile(join(context, 'hello.txt'), 'hello\n')
  const lines: string[] = []
  const controller = new AbortController()
  const metadataFile = join(context, '..', `metadata-${builds}.json`)
  const request: BuildRequest = {
    argv: ['buildx', 'build', '--progress=rawjson', '--metadata-file', metadataFile, ...extra, '--', context],
    metadataFile,
    environment: process.env,
    signal: controller.signal,
    logFile: join(directory, `build-${builds}.log`),
    name: 'vllm v0.10.2',
    logged: new Set(),
    print: (line) => lines.push(line),
    timers: systemTimers,
    killAfter: 3000,
  }
  return { request, lines, controller }
}

const mark = (): string => `${Date.now()}-${Math.random()}`

/** Returns the command lines that contain this text, of all processes. */
async function processesWith(text: string): Promise<number[]> {
  const found: number[] = []
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) continue
    const command = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '')
    if (command.replaceAll('\0', ' ').includes(text)) found.push(Number(entry))
  }
  return found
}

async function until(condition: () => boolean | Promise<boolean>, limit = 30_000): Promise<void> {
  const end = Date.now() + limit
  while (!(await condition())) {
    if (Date.now() > end) throw new Error('waited too long')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** A command for a RUN line that can be found among the machine's processes */
const longSleep = (): string => `sleep 60.${Math.floor(Math.random() * 1e9)}`

/**
 * Waits until a step is running. Docker 26 loses a cancel that arrives while a container starts:
 * the step runs to its end, whatever the client does.
 */
async function atWork(command: string): Promise<void> {
  await until(async () => (await processesWith(command)).length > 0)
  await new Promise((resolve) => setTimeout(resolve, 500))
}

const failureOf = async (request: BuildRequest): Promise<Error> =>
  await runBuild(request).then(
    () => new Error('it succeeded'),
    (error: unknown) => error as Error,
  )

describe('a build with the real engine', () => {
  it('returns the digest and the steps, and comes entirely from the cache when repeated', async () => {
    const text = `FROM ${base} AS image\nCOPY hello.txt /\nRUN echo ${mark()} && sleep 1 && seq 1 3\nFROM image AS final\n`
    const first = await setUp(text)
    const done = await runBuild(first.request)
    expect(done.digest).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(uncachedSteps(done.steps).map((step) => step.instruction)).toContain('RUN')
    const run = done.steps.find((step) => step.instruction === 'RUN')
    expect(run).toMatchObject({ stage: 'image', cached: false, error: undefined })
    expect(await readFile(first.request.logFile, 'utf8')).toContain('[image 3/3] 3')
    expect(first.lines.join('\n')).toMatch(/\[image 3\/3\] RUN echo .* \d+\.\d s/)

    const second = await setUp(text, ['--label', 'a=b'])
    const repeated = await runBuild(second.request)
    expect(uncachedSteps(repeated.steps)).toEqual([])
    expect(repeated.steps.filter((step) => step.cached).length).toBeGreaterThanOrEqual(2)
  })

  it('names the line with the reason of a failure', async () => {
    const script = 'echo "ERROR: No matching distribution found for nixl==9.9.9" >&2; seq 1 30; exit 3'
    const { request, lines } = await setUp(
      `FROM ${base} AS wheel\nRUN echo ${mark()}; ${script}\nFROM ${base} AS final\nCOPY --from=wheel /bin/sh /sh\n`,
    )
    const error = await failureOf(request)
    if (!(error instanceof BuildError)) throw error
    expect(error.reason).toBe('No matching distribution found for nixl==9.9.9')
    expect(error.step?.stage).toBe('wheel')
    expect(error.message).toContain('in step [wheel 2/2] RUN')
    expect(lines.join('\n')).toContain('failed after')
  })

  it('explains that a base image does not exist', async () => {
    const { request } = await setUp('FROM registry.invalid/nope/nope:1\n')
    const error = await failureOf(request)
    expect(error.message).toContain('registry.invalid/nope/nope:1: failed to do request')
    expect(error.message).toContain('no such host')
  })

  /** Cancels a build in a step. @returns the milliseconds until it has ended */
  async function cancelledAfter(): Promise<number> {
    const command = longSleep()
    const { request, controller } = await setUp(`FROM ${base}\nRUN echo ${mark()}; ${command}\n`)
    const failure = failureOf(request)
    await atWork(command)
    const start = Date.now()
    controller.abort()
    expect(await failure).toBeInstanceOf(BuildCancelled)
    const duration = Date.now() - start
    expect(await processesWith(request.metadataFile ?? '')).toEqual([])
    await until(async () => (await processesWith(command)).length === 0)
    return duration
  }

  it('ends within 4 s of a cancel and leaves no process or step running', async () => {
    // The fastest counts, because other work on the machine delays some.
    const times: number[] = []
    while (times.length < 3 && !times.some((time) => time < 4000)) times.push(await cancelledAfter())
    expect(Math.min(...times)).toBeLessThan(4000)
  }, 60_000)

  it.each(['docker-buildx', 'docker'])(
    'fails if %s is killed during the build',
    async (which) => {
      const command = longSleep()
      const { request } = await setUp(`FROM ${base}\nRUN echo ${mark()}; ${command}\n`)
      const failure = failureOf(request)
      await atWork(command)
      const victims: number[] = []
      for (const id of await processesWith(request.metadataFile ?? '')) {
        const isPlugin = (await readlink(`/proc/${id}/exe`)).endsWith('docker-buildx')
        if (isPlugin === (which === 'docker-buildx')) victims.push(id)
      }
      expect(victims).toHaveLength(1)
      process.kill(victims[0] ?? 0, 'SIGKILL')
      const error = await failure
      expect(error).toBeInstanceOf(BuildError)
      expect(error.message).toMatch(/killed|ended with exit code|context canceled/)
      expect(await processesWith(request.metadataFile ?? '')).toEqual([])
      await until(async () => (await processesWith(command)).length === 0)
    },
    60_000,
  )

  it('fails if buildx succeeds without returning a digest', async () => {
    const { request } = await setUp(`FROM ${base}\n`)
    const error = await failureOf({ ...request, command: 'true' })
    expect(error).toBeInstanceOf(BuildError)
    expect(error.message).toContain('left no digest')
  })
})

describe('the arguments for buildx', () => {
  it('are accepted by it, and the command to reproduce the build works when pasted', async () => {
    const dockerfile = [
      `FROM ${base} AS image`,
      'ARG OWN VLLM_VERSION GPU_ARCHITECTURES',
      'COPY --from=aibrix-source HEAD /source.txt',
      'COPY --from=certificates given.pem /',
      `RUN --mount=type=secret,id=token,required=true cat /run/secrets/token && echo ${mark()} "$OWN" "$VLLM_VERSION" "$GPU_ARCHITECTURES"`,
      'FROM image AS final',
      '',
    ]
    const { request } = await setUp(dockerfile.join('\n'))
    const context = request.argv.at(-1) ?? ''
    const secret = join(directory, 'a "file", with commas')
    await writeFile(secret, 'one "two",\nthree\n')
    const certificates = join(directory, 'of the run')
    await mkdir(certificates)
    await writeFile(join(certificates, 'given.pem'), 'one')
    const repository = join(directory, 'repository')
    makeRepository(repository)
    const leg = makeLeg({
      aibrix: { ...makeLeg().aibrix, repository: { kind: 'path', path: repository }, ref: 'v0.7.0' },
      buildArguments: { OWN: `it's "$HOME" \`x\`` },
      environment: { OWN: `it's "$OWN" \\ \`x\`` },
      gpuArchitectures: ['8.0', '9.0'],
    })
    const call = makeCall({
      leg,
      context,
      dockerfile: join(context, 'Dockerfile'),
      secrets: new Map([['token', secret]]),
      sources: { aibrix: join(repository, '.git') },
      certificates,
      output: {
        kind: 'image',
        reference: 'image-action-test/arguments:1',
        push: false,
        compression: 'zstd',
        labels: { note: 'a, "b"' },
        annotations: { note: 'a, "b"' },
        metadataFile: request.metadataFile ?? '',
      },
    })
    try {
      await runBuild({ ...request, argv: buildxArguments(call) })
      const log = await readFile(request.logFile, 'utf8')
      expect(log).toContain('[image 4/4] one "two",\n[image 4/4] three\n')
      expect(log).toMatch(/\[image 4\/4\] \S+ it's "\$HOME" `x` v0\.10\.2 8\.0 9\.0\n/)
      await cp(secret, join(directory, 'secret-token'))
      await cp(certificates, join(directory, 'certificates'), { recursive: true })
      execFileSync('sh', ['-c', reproduceCommand(call)], { cwd: directory, stdio: 'pipe' })
      const inspect = [
        'image',
        'inspect',
        '--format',
        '{{json .Config.Env}}',
        'image-action-test/arguments:1',
      ]
      const env = JSON.parse(execFileSync('docker', inspect, { encoding: 'utf8' })) as string[]
      expect(env).toContain(`OWN=${leg.environment.OWN ?? ''}`)
    } finally {
      execFileSync('docker', ['image', 'rm', '--force', 'image-action-test/arguments:1'], { stdio: 'ignore' })
    }
  }, 60_000)
})

describe('two folders that are the same named context one after the other', () => {
  /** Builds the file in this folder, with the same main context each time. @returns what it holds */
  async function contentInBuild(folder: string, main: string): Promise<string> {
    const out = await mkdtemp(join(directory, 'out-'))
    const options = ['--build-context', `source=${folder}/`, '--output', `type=local,dest=${out}`]
    const { request } = await setUp('')
    const argv = ['buildx', 'build', '--progress=rawjson', ...options, '--', main]
    await runBuild({ ...request, argv, metadataFile: undefined })
    return readFile(join(out, 'refs'), 'utf8')
  }

  async function folderWith(content: string): Promise<string> {
    const folder = join(await mkdtemp(join(directory, 'leg-')), 'repository')
    await mkdir(folder)
    await writeFile(join(folder, 'refs'), content)
    await utimes(join(folder, 'refs'), 1_700_000_000, 1_700_000_000)
    return folder
  }

  it('are not mixed, even where their files have the same names, sizes and times', async () => {
    const [one, other] = [await folderWith('broken-build'), await folderWith('broken-patch')]
    const main = await mkdtemp(join(directory, 'main-'))
    await writeFile(
      join(main, 'Dockerfile'),
      'FROM scratch AS source\nFROM scratch\nCOPY --from=source /refs /\n',
    )
    const both = async () => [await contentInBuild(one, main), await contentInBuild(other, main)]
    // BuildKit alone takes the file that it has.
    expect(await both()).toEqual(['broken-build', 'broken-build'])
    await Promise.all([setTimesByContent(one), setTimesByContent(other)])
    expect(await both()).toEqual(['broken-build', 'broken-patch'])
  }, 60_000)
})

describe('a registry and a token service with an unknown certificate authority', () => {
  // The engine accepts any certificate of a registry on this machine; buildx, which fetches the
  // token, accepts none.
  it('are trusted by docker and buildx, as by the action, with the authorities of the run', async () => {
    const login = { username: 'robot', password: 'p:w' }
    const registry = await openRegistryProxy({ tokens: login, scheme: 'https' })
    const authority = makeAuthority(await mkdtemp(join(directory, 'authority-')))
    const door = await authority.before(registry.host)
    const push = async (environment: NodeJS.ProcessEnv): Promise<Error> => {
      const name = `type=image,name=${door.host}/image-action-test/authority:1,push=true`
      const { request } = await setUp('FROM scratch\nCOPY hello.txt /\n', ['--output', name])
      const withLogin = await dockerEnvironment({ registry: door.host, ...login }, environment, directory)
      return failureOf({ ...request, environment: withLogin })
    }
    try {
      expect((await push(process.env)).message).toContain('certificate signed by unknown authority')
      const write = (name: string, content: string): string => {
        writeFileSync(join(directory, name), content)
        return join(directory, name)
      }
      const trusted = authoritiesForPrograms(authority.file, process.env, write)
      expect((await push({ ...process.env, ...trusted })).message).toBe('it succeeded')
      expect(registry.stored).toContain('authority/manifests/1')
    } finally {
      await Promise.all([door.close(), registry.close()])
    }
  }, 60_000)
})

describe('a login in a temporary configuration', () => {
  it('leaves builders, plugins and context unchanged', async () => {
    const login = { registry: '127.0.0.1:5000', username: 'canary', password: 'p:w' }
    const withLogin = await dockerEnvironment(login, process.env, directory)
    const docker = (environment: NodeJS.ProcessEnv, ...args: string[]): string =>
      execFileSync('docker', args, { env: environment, encoding: 'utf8' })
    for (const args of [
      ['buildx', 'ls'],
      ['context', 'ls'],
      ['context', 'show'],
      ['buildx', 'version'],
    ])
      expect(docker(withLogin, ...args)).toBe(docker(process.env, ...args))
  })
})
