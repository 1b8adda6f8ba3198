import { afterAll, describe, expect, it, jest } from '@jest/globals'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildWithDocker } from '../../../src/command/build-with-docker.ts'
import type { Machine } from '../../../src/command/world/machine.ts'
import type { PlannedLeg } from '../../../src/plan/plan.ts'
import { createStore } from '../../../src/store/store.ts'
import { type StandInDocker, standInDocker } from '../../support/docker.ts'
import { inputsOf, makeMachine } from '../../support/machine.ts'
import { createMemory, type Memory, stageLeg } from '../../support/memory-client.ts'
import { makePlan, makePlannedImage, makePlannedImages } from '../../support/reports.ts'
import { useStep } from '../../support/step.ts'
import { makeLayer } from '../../support/verified-leg.ts'

// A process may be slow on a busy machine.
jest.setTimeout(60_000)

const step = useStep()
const folder = mkdtempSync(join(tmpdir(), 'build-with-docker-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

const socket = 'unix:///var/run/docker.sock'
const inspected = (name: string, driver: string): string =>
  `Name: ${name}\nDriver: ${driver}\n\nNodes:\nName: ${name}0\nEndpoint: ${socket}\nPlatforms: linux/amd64\n`

/** A docker whose builds fail. @param driver of the current builder; `docker` can not push */
function failingDocker(driver: 'docker' | 'docker-container'): StandInDocker {
  const docker = standInDocker(folder)
  docker.says('buildx version', 'github.com/docker/buildx v0.20.0 1')
  docker.says('buildx inspect', inspected('mine', driver))
  const engine = { Name: hostname(), DockerRootDir: tmpdir(), DriverStatus: [] }
  docker.says('context inspect', socket)
  docker.says('info', JSON.stringify({ ServerVersion: '28', ...engine }))
  docker.fails('buildx build', 'ERROR: failed to solve: no such thing')
  docker.fails('image inspect', 'Error: No such image')
  return docker
}

type Given = {
  legs?: readonly PlannedLeg[]
  inputs?: Record<string, string>
  machine?: Partial<Machine>
  memory?: Memory
}

/** Legs on small bases, which always fit on the disk. */
const legsOf = (count: number, size = 1000): PlannedLeg[] =>
  makePlannedImages(count).map(({ legs: [leg] }) => {
    const layers = [makeLayer('1', size)]
    return { ...leg, base: { ...leg.base, layers } }
  })

async function build(
  docker: StandInDocker,
  { legs = legsOf(1), inputs = {}, machine = {}, memory = createMemory() }: Given = {},
) {
  const lines: string[] = []
  const runner = makeMachine(folder, {
    environment: { PATH: docker.path, HOME: folder },
    log: (line) => lines.push(line),
    ...machine,
  })
  const tools = {
    inputs: inputsOf(inputs),
    machine: runner,
    registry: memory.client,
    secretFiles: new Map<string, string>(),
    certificates: undefined,
    nixl: { versions: () => Promise.reject(new Error('not used here')) },
    git: () => Promise.reject(new Error('not used here')),
    fetchSource: () => Promise.resolve('/sources/one'),
  }
  const plan = makePlan(legs.map((leg) => ({ ...makePlannedImage(leg), legs: [leg] })))
  return {
    outcomes: await buildWithDocker(plan, legs, tools, createStore(memory.client, plan.cacheRepository)),
    lines,
    runner,
  }
}

/** The commands that docker ran; a created builder is called `new`. */
const commandsOf = (docker: StandInDocker): string[] =>
  docker.asked().map((line) => line.replace(/image-action-[0-9a-f]{8}/g, 'new'))
const builds = (docker: StandInDocker) => commandsOf(docker).filter((line) => line.startsWith('buildx build'))
const changes = (docker: StandInDocker) =>
  commandsOf(docker).filter((line) => /^buildx (?:create|rm) /.test(line))

describe('the builder of a run', () => {
  it('is the current one if that can push, and stays', async () => {
    const docker = failingDocker('docker-container')
    const { outcomes } = await build(docker)
    expect(outcomes).toMatchObject([{ state: 'failed', error: expect.stringContaining('no such thing') }])
    expect(builds(docker)[0]).toMatch(/^buildx build --builder mine /)
    expect(changes(docker)).toEqual([])
    expect(step().state()).toEqual({ builder: '' })
  })

  it('is created and removed if the current one can not push, even if builds fail', async () => {
    const docker = failingDocker('docker')
    const { outcomes, lines } = await build(docker)
    expect(outcomes).toMatchObject([{ state: 'failed' }])
    expect(builds(docker)[0]).toMatch(/^buildx build --builder new /)
    expect(changes(docker)).toEqual([
      'buildx create --name new --driver docker-container --bootstrap',
      'buildx rm --force -- new',
    ])
    expect(step().state()).toEqual({ builder: '' })
    expect(lines[0]).toContain('creating one with the docker-container driver')
  })

  it('is known to post before it is created', async () => {
    const docker = failingDocker('docker')
    docker.fails('buildx create', 'ERROR: no network')
    await expect(build(docker)).rejects.toThrow('A builder could not be created: no network')
    const [made] = docker.asked().filter((line) => line.startsWith('buildx create'))
    expect(made).toContain(` --name ${step().state().builder ?? 'none'} `)
  })

  it('is left to post after a cancel', async () => {
    const docker = failingDocker('docker')
    docker.does('buildx build', 'echo begun >&2; exec sleep 60')
    const cancel = new AbortController()
    const log = (line: string): void => {
      if (line.includes('begun')) cancel.abort()
    }
    const { outcomes } = await build(docker, { machine: { signal: cancel.signal, log } })
    expect(outcomes).toMatchObject([{ state: 'failed' }])
    expect(changes(docker)).toEqual(['buildx create --name new --driver docker-container --bootstrap'])
    expect(step().state().builder).toMatch(/^image-action-[0-9a-f]{8}$/)
  })

  it('trusts the given authorities for the registries that it uses', async () => {
    const docker = failingDocker('docker')
    docker.does('buildx create', `cp "\${9}" ${folder}/buildkitd.toml`)
    const [leg] = legsOf(1)
    if (!leg) throw new Error('there is one')
    const repository = { registry: 'quay.io', path: 'vllm/vllm-openai' }
    const legs = [leg, { ...leg, base: { ...leg.base, repository } }]
    await build(docker, { legs, inputs: { 'ca-certificates': '/own.pem', registry: 'ghcr.io' } })
    expect(changes(docker)[0]).toMatch(/ --config .*\/private\/buildkitd\.toml$/)
    expect(readFileSync(join(folder, 'buildkitd.toml'), 'utf8').match(/^\[.*\]$/gm)).toEqual(
      ['ghcr.io', 'docker.io', 'quay.io'].map((host) => `[registry."${host}"]`),
    )
  })
})

describe('an engine on which steps with secrets are slow', () => {
  const [slow, quick] = ['BuildKit version: v0.13.2\n', 'BuildKit version: v0.15.2\n']
  const index = { 'package-index': 'https://index.example/simple' }

  it.each<[string, string, Record<string, string>, number]>([
    ['is named once in the log if steps get a secret', slow, index, 1],
    ['is not named without a secret', slow, { 'ca-certificates': '/own.pem' }, 0],
    ['is not named for a secret that no step mounts', slow, { secrets: 'token=canary-1' }, 0],
    ['is not named where it is mended', quick, index, 0],
  ])('%s', async (_, version, inputs, expected) => {
    const docker = failingDocker('docker-container')
    docker.says('buildx inspect', `${inspected('mine', 'docker-container')}${version}`)
    const { lines } = await build(docker, { legs: legsOf(2), inputs })
    expect(lines.filter((line) => line.includes('each step that gets package-index'))).toHaveLength(expected)
  })
})

describe('the login of a run', () => {
  it('is passed to docker, and not in its own configuration', async () => {
    const docker = failingDocker('docker-container')
    const inputs = { registry: 'ghcr.io', username: 'me', password: 'canary' }
    const { runner } = await build(docker, { inputs })
    const auth = Buffer.from('me:canary').toString('base64')
    for (const command of ['buildx inspect', 'buildx build'])
      expect(JSON.parse(docker.configOf(command) ?? '{}')).toMatchObject({ auths: { 'ghcr.io': { auth } } })
    expect(runner.environment.DOCKER_CONFIG).toBeUndefined()
  })

  it('is that of docker by default', async () => {
    const docker = failingDocker('docker-container')
    await build(docker)
    expect(docker.configOf('buildx build')).toBeUndefined()
  })
})

describe('disk space', () => {
  it('is checked before anything is built, and a created builder is removed', async () => {
    const docker = failingDocker('docker')
    docker.says('buildx du', 'Total:\t0B\n')
    const built = build(docker, { legs: legsOf(1, 1e18) })
    await expect(built).rejects.toThrow(/^vllm v0\.1\.0 .* needs at least .* set free-disk-space: true/)
    expect(builds(docker)).toEqual([])
    expect(changes(docker).at(-1)).toBe('buildx rm --force -- new')
    expect(step().state()).toEqual({ builder: '' })
  })

  it.each([
    ['true', true],
    ['false', false],
  ])('is freed before that with free-disk-space: %s', async (value, expected) => {
    const { lines } = await build(failingDocker('docker-container'), {
      inputs: { 'free-disk-space': value },
    })
    const freed = lines.findIndex((line) => line.startsWith('free-disk-space: '))
    expect(freed).toBe(expected ? 0 : -1)
    expect(lines.some((line) => line.includes(' of disk '))).toBe(true)
  })
})

describe('the legs', () => {
  it('that are staged are not built', async () => {
    const docker = failingDocker('docker-container')
    const memory = createMemory()
    const legs = legsOf(1)
    for (const leg of legs) await stageLeg(memory, leg)
    const inputs = { 'added-bytes-limit': '6 GB' }
    const { outcomes } = await build(docker, { legs, memory, inputs })
    expect(outcomes[0]).not.toHaveProperty('error')
    expect(outcomes).toMatchObject([{ state: 'staged', report: { buildId: legs[0]?.buildId } }])
    expect(builds(docker)).toEqual([])
  })

  it.each([
    [
      '1',
      'for each step',
      ['::group::vllm v0.1.0: measure the base', '::group::vllm v0.2.0: measure the base'],
    ],
    ['2', 'for all of it', ['::group::vllm v0.1.0', '::group::vllm v0.2.0']],
  ])('have a group each in the log with parallel: %s, %s', async (parallel, _, groups) => {
    const inputs = { parallel, 'fail-fast': 'false' }
    const { lines, outcomes } = await build(failingDocker('docker-container'), { legs: legsOf(2), inputs })
    expect(outcomes.map(({ state }) => state)).toEqual(['failed', 'failed'])
    expect(lines.filter((line) => line.startsWith('::group::')).sort()).toEqual(groups)
  })

  it('have the command to build the same', async () => {
    const { outcomes } = await build(failingDocker('docker-container'))
    expect(outcomes).toMatchObject([
      { command: expect.stringContaining('--file dockerfiles/Dockerfile.vllm') },
    ])
  })
})
