import { expect, it } from '@jest/globals'
import { existsSync, globSync } from 'node:fs'
import { basename, resolve } from 'node:path'

type Config = {
  testTimeout: number
  projects: { displayName: string; testMatch: string[]; testPathIgnorePatterns?: string[] }[]
}
type Test = { path: string }
type Sequencer = { shard: (tests: Test[], of: { shardIndex: number; shardCount: number }) => Test[] }

const load = async (path: string) => ((await import(resolve(path))) as { default: unknown }).default
const config = (await load('jest.config.js')) as Config
const LongestFirst = (await load('script/test-sequencer.js')) as new (options: object) => Sequencer

const lane = (name: string) => config.projects.find(({ displayName }) => displayName === name)
const files = globSync('__tests__/integration/*.test.ts').sort()

it('every integration test file is in one lane', () => {
  const alone = (lane('alone')?.testMatch ?? []).map((path) => path.replace('<rootDir>/', ''))
  expect(alone.filter((path) => !existsSync(path))).toEqual([])
  const [ignored = ''] = lane('integration')?.testPathIgnorePatterns ?? []
  expect(files.filter((path) => new RegExp(ignored).test(`/${path}`))).toEqual(alone.sort())
})

it.each([1, 2, 3, 4])(
  '%d shards contain each file exactly once, and none of them is nearly empty',
  (shardCount) => {
    const tests = files.map((path) => ({ path: resolve(path) }))
    const shards = Array.from({ length: shardCount }, (_, index) =>
      new LongestFirst({}).shard(tests, { shardIndex: index + 1, shardCount }),
    )
    const names = shards.map((shard) => shard.map(({ path }) => basename(path)))
    expect(names.flat().sort()).toEqual(files.map((path) => basename(path)))
    for (const shard of names) expect(shard.length).toBeGreaterThanOrEqual(3)
  },
)

it('tests that start processes have a time-out of at least 30 seconds', () => {
  expect(config.testTimeout).toBeGreaterThanOrEqual(30_000)
})
