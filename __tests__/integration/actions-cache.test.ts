import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ActionRun, errorsOf, runAction } from '../support/action.ts'
import { type BuildRecords, keepBuildRecords } from '../support/build-records.ts'
import { type CacheEntry, type CacheService, openCacheService } from '../support/cache-service.ts'
import { askInTrouble, type Told, type Trouble } from '../support/troubled-cache.ts'
import { useStandIns } from '../support/stand-in-inputs.ts'

const minutes = 60_000

/**
 * Started before the runs of the action: it takes half a minute, most of it the library's backoff.
 */
let troubled: Record<Trouble, Promise<Told | Error>>
const lookUp = 'GetCacheEntryDownloadURL'

const world = useStandIns()
let records: BuildRecords
let service: CacheService
let runnerTemp: string

beforeAll(async () => {
  troubled = {
    error: askInTrouble('error'),
    garbage: askInTrouble('garbage'),
    nobody: askInTrouble('nobody'),
  }
  records = keepBuildRecords()
  service = await openCacheService()
  runnerTemp = mkdtempSync(join(tmpdir(), 'runner-temp-'))
})
afterAll(() => service.close())
beforeEach(() => {
  service.trouble = 'none'
  service.seen.length = 0
})

/** A step of a workflow for a pull request; all GitHub-hosted runners have the same RUNNER_TEMP. */
function run(more: Record<string, string> = {}, environment: NodeJS.ProcessEnv = {}): Promise<ActionRun> {
  records.steps()
  const inputs = world().inputs({
    ...{ engine: 'vllm', versions: 'v0.21.0', 'aibrix-version': 'v0.7.0', 'gpu-architectures': '9.0' },
    ...more,
  })
  return runAction(inputs, {
    environment: {
      ...service.environment,
      ...{ PATH: records.path, RUNNER_TEMP: runnerTemp, GITHUB_EVENT_NAME: 'pull_request' },
      ...environment,
    },
  })
}

const warningsOf = ({ log }: ActionRun) => log.split('\n').filter((line) => line.startsWith('::warning'))
/** Stage artifacts that were built since the last call. */
const built = () => records.steps().flatMap((name) => /"step", "build-(\w+)"/.exec(name)?.[1] ?? [])
const kinds = () => service.entries.map(({ key }) => /^image-action-(\w+)-/.exec(key)?.[1])

function expectGreen(ended: ActionRun): void {
  expect(errorsOf(ended)).toEqual([])
  expect(ended.code).toBe(0)
}

/** Unpacks an entry as the library does, changes one of its files, and packs it again. */
function poison(entry: CacheEntry | undefined, file: RegExp, change: (bytes: Buffer) => Buffer): void {
  if (!entry) throw new Error('there is no such entry')
  const folder = mkdtempSync(join(tmpdir(), 'poison-'))
  const archive = join(folder, 'cache.tzst')
  writeFileSync(archive, entry.bytes)
  // The names begin with `..` because the runner's temporary folder is next to the workspace.
  const names = execFileSync('tar', ['-tPf', archive], { encoding: 'utf8' }).trim().split('\n')
  const depth = Math.max(...names.map((name) => name.split('../').length))
  const workspace = join(folder, ...Array.from({ length: depth }, (_, level) => `level-${level}`))
  mkdirSync(workspace, { recursive: true })
  execFileSync('tar', ['-xPf', archive, '-C', workspace])
  const found = names.find((name) => file.test(name))
  if (found === undefined) throw new Error(`${names.join(' ')} has no such file`)
  writeFileSync(join(workspace, found), change(readFileSync(join(workspace, found))))
  execFileSync('tar', ['--zstd', '-cPf', archive, '-C', workspace, names[0] ?? ''])
  entry.bytes = readFileSync(archive)
  rmSync(folder, { recursive: true })
}

describe('a pull request, which cannot write to the registry', () => {
  it(
    'compiles extension and UCX once, and stores them and the wheel in the GitHub Actions cache',
    async () => {
      const first = await run()
      expectGreen(first)
      const all = ['extension', 'ucx', 'wheel']
      expect(built().sort()).toEqual(all)
      expect(kinds().sort()).toEqual(all)
      expect(service.entries.every(({ finished }) => finished)).toBe(true)
      expect(warningsOf(first)).toEqual([])
      expect(readdirSync(join(runnerTemp, 'image-action-artifacts'))).toEqual([])
    },
    10 * minutes,
  )

  it(
    'rejects a truncated wheel with a warning, stores a good one instead, and builds neither the next time',
    async () => {
      const before = service.entries.length
      poison(
        service.entries.findLast(({ key }) => key.includes('wheel')),
        /\.whl$/,
        (bytes) => bytes.subarray(0, bytes.length / 2),
      )
      const bad = await run()
      expectGreen(bad)
      expect(built()).toEqual(['wheel'])
      expect(warningsOf(bad).join('\n')).toContain('wheel-')
      expect(service.entries).toHaveLength(before + 1)
      service.seen.length = 0
      const good = await run()
      expectGreen(good)
      expect(built()).toEqual([])
      expect(service.seen).not.toContain('CreateCacheEntry')
      expect(warningsOf(good)).toEqual([])
    },
    4 * minutes,
  )

  it(
    'succeeds with a warning if the service has no storage',
    async () => {
      service.trouble = 'no storage'
      const ended = await run()
      expectGreen(ended)
      expect(built()).toHaveLength(3)
      expect(warningsOf(ended).join('\n')).toMatch(/cache/i)
    },
    4 * minutes,
  )
})

describe('a run that pushes', () => {
  it(
    'neither reads nor writes the GitHub Actions cache',
    async () => {
      const ended = await run({ push: 'true' }, { GITHUB_EVENT_NAME: 'push' })
      expectGreen(ended)
      expect(service.seen).toEqual([])
      expect(built()).toHaveLength(3)
    },
    4 * minutes,
  )

  it(
    'stores what it compiled in the registry, where pull requests reuse it',
    async () => {
      const entries = service.entries.splice(0)
      const ended = await run()
      expectGreen(ended)
      expect(built()).toEqual([])
      expect(service.seen).toEqual([])
      service.entries.push(...entries)
    },
    2 * minutes,
  )
})

describe('with cache: off', () => {
  it(
    'nothing is read and nothing is stored',
    async () => {
      const ended = await run({ cache: 'off' })
      expectGreen(ended)
      expect(service.seen).toEqual([])
    },
    2 * minutes,
  )
})

describe('the store with the real library', () => {
  const givenUp = expect.stringMatching(
    /GitHub's cache is not used in the rest of this run, because looking for wheel-1 took \d+ s and returned nothing/,
  )
  const notKept = expect.stringMatching(/GitHub's cache did not store wheel-1/)

  it.each<[Trouble, string, unknown[], string[]]>([
    ['error', 'is not used again after the first request', [givenUp, 'undefined', 'absent'], [lookUp]],
    ['garbage', 'is not used again after the first request', [givenUp, 'undefined', 'absent'], [lookUp]],
    ['nobody', 'reads and stores nothing', ['absent', notKept, 'absent'], []],
  ])(
    'with trouble "%s": it %s',
    async (trouble, _, said, seen) => {
      const asked = await troubled[trouble]
      if (asked instanceof Error) throw asked
      expect(asked.said).toEqual(said)
      expect([...new Set(asked.seen)]).toEqual(seen)
    },
    3 * minutes,
  )
})
