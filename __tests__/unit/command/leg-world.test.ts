import { createStore } from '../../../src/store/store.ts'
import { afterAll, describe, expect, it, jest } from '@jest/globals'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import {
  createCommand,
  createDocker,
  createLegWorld,
  createSettings,
  newPathIn,
} from '../../../src/command/world/leg-world.ts'
import { createLegLog } from '../../../src/leg/leg-log.ts'
import type { Machine } from '../../../src/command/world/machine.ts'
import { createWorkspace, writePrivateFile } from '../../../src/system/workspace.ts'
import type { Versions } from '../../../src/plan/nixl/pip-answer.ts'
import type { PlannedLeg } from '../../../src/plan/plan.ts'
import { layersTag } from '../../../src/store/contents.ts'
import type { Facts } from '../../../src/verify/facts.ts'
import { makeCall } from '../../support/build-calls.ts'
import { standInDocker } from '../../support/docker.ts'
import { inputsOf, makeMachine } from '../../support/machine.ts'
import { cache, createMemory } from '../../support/memory-client.ts'
import { makePlan, makePlannedImage } from '../../support/reports.ts'
import { quickRetry } from '../../support/retry.ts'
import { makeFacts, makeLeg, ucxOf } from '../../support/verified-leg.ts'

// A process may be slow on a busy machine.
jest.setTimeout(60_000)

const folder = mkdtempSync(join(tmpdir(), 'leg-world-'))
const workspace = createWorkspace(folder)
afterAll(() => {
  rmSync(folder, { recursive: true })
})

const noIndex = { versions: () => Promise.reject(new Error('not used here')) }

/** How a leg is built in a scheduled run. */
function settingsOf(given: Record<string, string>, leg: Partial<PlannedLeg>, answer: Versions) {
  const [planned] = makePlannedImage().legs
  const inputs = inputsOf(given)
  const { cacheRepository } = inputs.plan
  const nixl = { versions: () => Promise.resolve(answer) }
  const machine = { dockerfiles: 'dockerfiles', environment: {}, workspace }
  const ofLeg = createSettings(
    { inputs, machine, nixl, secretFiles: new Map(), certificates: undefined, extraFiles: undefined },
    createStore(createMemory().client, cacheRepository),
    inputs.build,
    '0123abcd',
  )
  return ofLeg({ ...planned, ...leg })
}

/** The reason why the facts of its base make a leg impossible. */
async function objection(
  feasibility: PlannedLeg['feasibility'],
  change: (facts: Facts) => void,
  answer: Versions,
) {
  const { base } = makeFacts()
  change(base)
  return settingsOf({}, { feasibility }, answer).objection?.(base)
}

const newPython = ({ python }: Facts): void => {
  python.version = '3.13.1'
}
const nothing = (): void => undefined
const noPip: Versions = { state: 'no-pip', reason: 'python3 has no pip' }
const known = (...versions: string[]): Versions => ({ state: 'known', versions })

it.each<[string, PlannedLeg['feasibility'], (facts: Facts) => void, Versions, string | undefined]>([
  ['is impossible, although the plan has it as possible', 'possible', newPython, noPip, 'needs Python <3.13'],
  ['is impossible, where the plan could not determine it', 'unknown', newPython, noPip, 'needs Python <3.13'],
  ['is built if it is forced', 'forced', newPython, noPip, undefined],
  ['is as planned', 'possible', nothing, known('0.7.1'), undefined],
  ['is as planned, without pip', 'possible', nothing, noPip, undefined],
  ['has no wheel of NIXL', 'possible', nothing, known('0.7.0'), 'NIXL 0.7.1 has no wheel for Python 3.12'],
])('by the facts of its base a leg %s (%s)', async (_, feasibility, change, answer, expected) => {
  const reason = await objection(feasibility, change, answer)
  if (expected === undefined) expect(reason).toBeUndefined()
  else expect(reason).toContain(expected)
})

it.each<[string, Record<string, string>, boolean | undefined]>([
  ['read and written by a run that pushes', {}, true],
  ['only read by one that does not', { push: 'false' }, false],
  ['not used with cache: off', { cache: 'off' }, undefined],
])('the layer cache is %s', (_, given, write) => {
  const { layerCache } = settingsOf(given, {}, noPip)
  expect(layerCache?.write).toBe(write)
  expect(layerCache?.repository.path).toBe(write === undefined ? undefined : 'aibrix/image-cache')
})

describe('docker on the runner', () => {
  it('returns its exit code and both outputs', async () => {
    const { path, fails, says, asked } = standInDocker(folder)
    const docker = createDocker(makeMachine(folder, { environment: { PATH: path } }))
    says('info', '{}')
    expect(await docker(['info', '--format', '{{json .}}'])).toEqual({ code: 0, stdout: '{}', stderr: '' })
    fails('info', 'no engine')
    expect(await docker(['info'])).toEqual({ code: 1, stdout: '', stderr: 'no engine' })
    expect(asked()).toEqual(['info --format {{json .}}', 'info'])
  })

  it('fails if it is killed', async () => {
    const { path, does } = standInDocker(folder)
    does('info', 'kill -KILL $$')
    const docker = createDocker(makeMachine(folder, { environment: { PATH: path } }))
    expect((await docker(['info'])).code).toBe(1)
  })

  it('is not run after a cancel', async () => {
    const { path, asked } = standInDocker(folder)
    const environment = { PATH: path }
    const docker = createDocker(makeMachine(folder, { environment, signal: AbortSignal.abort() }))
    await expect(docker(['info'])).rejects.toThrow('Cancelled.')
    expect(asked()).toEqual([])
  })
})

describe('the files of a leg', () => {
  const machine = makeMachine(folder)

  it('have a new folder each, in that of the run', () => {
    const newPath = newPathIn(machine)
    const [one, other] = [newPath('facts'), newPath('facts')]
    expect(one).toMatch(/\/facts$/)
    expect(other).not.toBe(one)
    for (const path of [one, other]) {
      expect(dirname(dirname(path))).toBe(machine.workspace.root)
      expect([existsSync(dirname(path)), existsSync(path)]).toEqual([true, false])
    }
  })

  it('are readable by this user alone if they are private', () => {
    const path = writePrivateFile(machine.workspace, 'buildkitd.toml', 'canary')
    expect(dirname(path)).toBe(machine.workspace.private)
    expect(readFileSync(path, 'utf8')).toBe('canary')
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })
})

/** Opens the world of a leg on a docker that is a script. */
function opened(changes: Partial<Machine> = {}) {
  const docker = standInDocker(folder)
  const machine = makeMachine(folder, { environment: { PATH: docker.path }, ...changes })
  const printed: string[] = []
  const print = (line: string): void => void printed.push(line)
  const { client } = createMemory()
  return {
    docker,
    machine,
    printed,
    world: createLegWorld(machine, createDocker(machine), client, createLegLog('it', false, print)),
  }
}

describe('a build of a leg', () => {
  const digest = `sha256:${'a'.repeat(64)}`
  const leg = makeLeg()
  const image = {
    kind: 'image',
    reference: 'docker.io/aibrix/x:v1',
    push: true,
    compression: 'zstd',
    labels: {},
    annotations: {},
  } as const

  it('returns the digest of the image, and logs everything, without secrets', async () => {
    const { docker, machine, printed, world } = opened({
      redact: (text) => text.replaceAll('hunter2', '***'),
    })
    const metadataFile = world.newPath('metadata.json')
    docker.does(
      'buildx build',
      `echo 'it is hunter2' >&2; echo '{"containerimage.digest":"${digest}"}' > ${metadataFile}`,
    )
    const call = makeCall({ leg, output: { ...image, metadataFile } })
    expect(await world.build(call, leg)).toEqual({ steps: [], digest })
    const log = readFileSync(join(machine.workspace.logs, `${leg.id}.log`), 'utf8')
    expect(log).toContain('it is ***')
    expect(printed.at(0)).toBe('::group::it: build and push the image')
    expect(printed.at(-1)).toBe('::endgroup::')
    expect(printed.join('\n')).toMatch(/^buildx: it is \*\*\*$/m)
    expect(docker.asked()).toEqual([
      expect.stringMatching(/^buildx build .* --metadata-file .*\/metadata\.json /),
    ])
  })

  it('without an image has no digest, and its measurements can be read', async () => {
    const { docker, world } = opened()
    const directory = world.newPath('facts')
    docker.does('buildx build', `mkdir ${directory} && echo '{}' > ${directory}/base.json`)
    const built = await world.build(makeCall({ leg, output: { kind: 'facts', directory } }), leg)
    expect(built.digest).toBeUndefined()
    expect(await world.readText(`${directory}/base.json`)).toBe('{}\n')
  })

  it('gives each named context times by content, so that BuildKit mixes none up', async () => {
    const { docker, world } = opened()
    const [sources, certificates] = ['one', 'other'].map((name) => {
      const made = mkdtempSync(join(folder, 'context-'))
      writeFileSync(join(made, 'file'), name)
      return made
    })
    const directory = world.newPath('facts')
    docker.does('buildx build', `mkdir ${directory}`)
    const call = makeCall({ leg, output: { kind: 'facts', directory }, certificates })
    await world.build({ ...call, sources: { aibrix: sources ?? '' } }, leg)
    for (const made of [sources, certificates])
      expect(statSync(join(made ?? '', 'file')).mtimeMs).toBeLessThan(Date.UTC(2005))
  })

  it('is retried as the run retries', async () => {
    const { docker, world } = opened({ retry: quickRetry({ retries: 2 }) })
    docker.fails('buildx build', 'ERROR: failed to push x: unexpected status: 502 Bad Gateway')
    const call = makeCall({ leg, output: { ...image, metadataFile: world.newPath('metadata.json') } })
    await expect(world.build(call, leg)).rejects.toThrow('gave up after 3 attempts')
    expect(docker.asked()).toHaveLength(3)
  })

  it('without output is ended after the time-out of the run', async () => {
    const { machine } = opened()
    const waits = { ...machine.waits, build: 100 }
    const { docker, world } = opened({ waits })
    docker.does('buildx build', 'exec sleep 60')
    const call = makeCall({ leg, output: { ...image, metadataFile: world.newPath('metadata.json') } })
    await expect(world.build(call, leg)).rejects.toThrow('BuildKit produced no output for 0.1 s')
  })
})

describe('an image on the engine', () => {
  const Config = { Env: ['A=1'], Labels: { a: 'b' }, Entrypoint: ['x'] }

  it('is inspected', async () => {
    const { docker, world } = opened()
    docker.says('image inspect', JSON.stringify({ Os: 'linux', Architecture: 'arm64', Config }))
    expect(await world.inspectImage('x:v1')).toMatchObject({
      os: 'linux',
      architecture: 'arm64',
      entrypoint: ['x'],
      env: ['A=1'],
      labels: { a: 'b' },
    })
    expect(docker.asked()).toEqual(['image inspect --format {{json .}} -- x:v1'])
  })

  it('may be missing', async () => {
    const { docker, world } = opened()
    docker.fails('image inspect', 'Error: No such image: x:v1')
    expect(await world.inspectImage('x:v1')).toBeUndefined()
  })

  it.each([false, true])('is removed, even if it is missing (%s)', async (isMissing) => {
    const { docker, world } = opened()
    if (isMissing) docker.fails('image rm', 'Error: No such image: x:v1')
    await world.forgetImage('x:v1')
    expect(docker.asked()).toEqual(['image rm -- x:v1'])
  })
})

describe('how a leg is built', () => {
  const [leg] = makePlannedImage().legs
  const ourSecrets = new Map([
    ['token', '/private/token'],
    ['git-credentials', '/private/git'],
  ])
  const certificates = '/private/certificates'
  const extraFiles = '/private/extra-files'
  const settingsFor = (
    given: Record<string, string>,
    of: Partial<PlannedLeg> = {},
    secrets: ReadonlyMap<string, string> = ourSecrets,
  ) => {
    const inputs = inputsOf(given)
    const machine = { dockerfiles: 'dockerfiles', environment: {}, workspace }
    return createSettings(
      { inputs, machine, nixl: noIndex, secretFiles: new Map(secrets), certificates, extraFiles },
      createStore(createMemory().client, cache),
      inputs.build,
      '0123abcd',
    )({ ...leg, ...of })
  }
  const layers = (write: boolean) => ({ layerCache: { repository: cache, tag: layersTag(leg.base), write } })

  it.each<[Record<string, string>, object]>([
    [{}, { push: true, judge: 'all', index: true, ...layers(true) }],
    [{ push: 'false' }, { push: false, judge: 'all', ...layers(false) }],
    [{ push: 'false', verify: 'false' }, { judge: 'nothing' }],
    [{ cache: 'off' }, { layerCache: undefined }],
    [{ provenance: 'false' }, { index: false }],
    [{ 'added-bytes-limit': '1 MB' }, { addedBytesLimit: 1_000_000 }],
  ])('for %j is %j', (given, expected) => {
    expect(settingsFor(given)).toMatchObject(expected)
  })

  it("has the files of the action, the run's secrets without git's, and the age that the plan allows", () => {
    const newerThan = '2025-11-01T00:00:00.000Z'
    expect(settingsFor({}, { newerThan }).call).toMatchObject({
      context: 'dockerfiles',
      newerThan,
      secrets: new Map([['token', '/private/token']]),
      certificates,
    })
    expect(settingsFor({}).call.newerThan).toBeUndefined()
  })

  it.each(['vllm', 'sglang'] as const)('mounts no secret without any, for %s', (engine) => {
    const { call } = settingsFor({}, { engine }, new Map())
    const text = readFileSync(call.dockerfile, 'utf8')
    expect(text).not.toContain('type=secret')
    expect(text.split('\n')).toEqual(
      readFileSync(`dockerfiles/Dockerfile.${engine}`, 'utf8')
        .split('\n')
        .filter((line) => !line.includes('type=secret')),
    )
  })

  it.each<[string, Record<string, number>]>([
    ['git-credentials', {}],
    ['package-index', { 'package-index': 6 }],
    ['token', {}],
  ])('given the secret %s mounts %j', (id, expected) => {
    const { call } = settingsFor({}, {}, new Map([[id, '/private/file']]))
    const mounted = readFileSync(call.dockerfile, 'utf8').matchAll(/type=secret,id=([\w-]+)/g)
    const counts: Record<string, number> = {}
    for (const [, each = ''] of mounted) counts[each] = (counts[each] ?? 0) + 1
    expect(counts).toEqual(expected)
  })

  it('has its own Dockerfile, with the same scripts and the variables of the image', () => {
    const { call } = settingsFor({}, { environment: { A: '$B' } })
    expect(call.context).toBe('dockerfiles')
    expect(dirname(call.dockerfile)).toBe(workspace.root)
    expect(readFileSync(call.dockerfile, 'utf8')).toContain('USER ${BASE_USER}\nENV A="\\$B"\n')
  })

  it.each<[string, PlannedLeg, string]>([
    ['its first tag', leg, 'name=aibrix/vllm-openai:by-hand,push=false'],
    ['its id if the plan lacks it', { ...leg, id: 'other' }, 'name=other,push=false'],
  ])('can be repeated in a checkout, under %s', (_, of, name) => {
    const commandOf = createCommand(makePlan([makePlannedImage()]), () => settingsFor({}), ourSecrets)
    const command = commandOf(of)
    expect(command).toContain('# Put the value of the secret "token" into the file secret-token first.')
    expect(command).toContain('docker buildx build --file dockerfiles/Dockerfile.vllm ')
    expect(command).toContain(' --build-context certificates=certificates/ ')
    expect(command).toContain(name)
    expect(command).toMatch(/ -- dockerfiles$/)
    expect(command).not.toContain('/private')
  })

  it.each([
    ['https://git.example/aibrix', true],
    ['git@git.example:aibrix', false],
  ])('can be repeated with a source at %s, with the secret of git: %s', (url, expected) => {
    const commandOf = createCommand(makePlan([makePlannedImage()]), () => settingsFor({}), ourSecrets)
    const repository = { kind: 'url', url } as const
    const command = commandOf({
      ...leg,
      aibrix: { ...leg.aibrix, repository },
      ucx: { ...ucxOf(leg), repository },
    })
    expect(command.includes('--secret id=git-credentials,src=secret-git-credentials')).toBe(expected)
  })
})
