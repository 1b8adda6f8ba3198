import { beforeAll, describe, expect, it } from '@jest/globals'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ActionRun, digestOf, errorsOf, registry, runAction, tagsOf } from '../support/action.ts'
import { useStandIns, withProgram } from '../support/stand-in-inputs.ts'
import {
  type Index,
  indexType,
  pathThatEmulates,
  publishBasesForTwoPlatforms,
  readRegistry,
  rowsOf,
  stateOf,
} from '../support/two-platforms.ts'

const minutes = 60_000

const world = useStandIns()

const wanted = {
  versions: 'vllm: v0.21.0, v0.10.2\nsglang: v0.5.11',
  'aibrix-version': 'v0.7.0',
  'gpu-architectures': '9.0',
  platforms: 'linux/amd64, linux/arm64',
}
const dates = '20251123'
const images = [
  ['vllm-openai', 'v0.21.0'],
  ['vllm-openai', 'v0.10.2'],
  ['sglang', 'v0.5.11'],
].map(([name = '', version = '']) => [name, `${version}-aibrix-v0.7.0-nixl-0.7.1-${dates}`] as const)

let environment: NodeJS.ProcessEnv
let bases: string

beforeAll(async () => {
  environment = { PATH: pathThatEmulates() }
  bases = await publishBasesForTwoPlatforms(world(), [
    'vllm/vllm-openai:v0.21.0',
    'vllm/vllm-openai:v0.10.2',
    'lmsysorg/sglang:v0.5.11',
  ])
}, 10 * minutes)

function act(namespace: string, more: Record<string, string>, path = environment): Promise<ActionRun> {
  const inputs = world().inputs({ ...wanted, 'base-registry': bases, namespace, ...more })
  return runAction(inputs, { environment: path })
}

describe('six legs', () => {
  let whole: ActionRun
  let plan: ActionRun
  const one = () => `${world().namespace}-one`
  const many = () => `${world().namespace}-many`

  beforeAll(async () => {
    whole = await act(one(), { parallel: '2' })
  }, 20 * minutes)

  it('are built by one run, two in parallel, as three images of two platforms', async () => {
    expect(errorsOf(whole)).toEqual([])
    expect(whole.code).toBe(0)
    for (const [name, tag] of images) expect(await tagsOf(`${one()}/${name}`)).toContain(tag)
    const [name, tag] = images[0] ?? ['', '']
    const index = await readRegistry<Index>(`${one()}/${name}/manifests/${tag}`, indexType)
    // Including the attestation of each, to which BuildKit gives the platform unknown/unknown.
    expect(index.manifests.map(({ platform }) => platform.architecture)).toEqual([
      ...['amd64', 'arm64'],
      ...['unknown', 'unknown'],
    ])
    expect(index.annotations).toMatchObject({ 'io.aibrix.image.nixl': '0.7.1' })
  })

  it('prefix their lines with the name of their leg, and print one group each at the end', () => {
    const groups = [...whole.log.matchAll(/^::group::(.*)$/gm)].map((match) => match[1])
    expect(groups.sort()).toEqual(
      images
        .flatMap(([name, tag]) => {
          const id = `${name === 'sglang' ? 'sglang' : 'vllm'}-${tag.slice(0, -9)}`
          return [`${id}-amd64`, `${id}-arm64`]
        })
        .sort(),
    )
    expect(whole.log).toMatch(/^vllm-v0\.21\.0-aibrix-v0\.7\.0-nixl-0\.7\.1-arm64 \| /m)
  })

  it(
    'are planned without Docker, with a row for each leg',
    async () => {
      const none = withProgram(mkdtempSync(join(tmpdir(), 'path-')), 'docker', '#!/bin/sh\nexit 99\n')
      const runners = 'linux/amd64: ubuntu-latest\nlinux/arm64: self-hosted, arm'
      plan = await act(many(), { command: 'plan', runners }, { PATH: none })
      expect(errorsOf(plan)).toEqual([])
      expect(plan.outputs.plan).toMatch(new RegExp(`^${registry}/${many()}/image-cache:plan-[0-9a-f]{64}$`))
      expect(plan.outputs.changed).toBe('true')
      const rows = rowsOf(plan)
      expect(rows).toHaveLength(6)
      expect(new Set(rows.map(({ leg }) => leg)).size).toBe(6)
      expect(rows.find(({ platform }) => platform === 'linux/arm64')?.['runs-on']).toEqual([
        'self-hosted',
        'arm',
      ])
      expect(plan.summary).toContain('6')
    },
    minutes,
  )

  it(
    'are planned the same way again',
    async () => {
      const again = await act(many(), { command: 'plan', runners: 'linux/amd64: a\nlinux/arm64: b' })
      expect(again.outputs.plan).toBe(plan.outputs.plan)
    },
    minutes,
  )

  it(
    'are not promoted while legs are missing, and the missing ones are named',
    async () => {
      const run = await act(many(), { command: 'promote', plan: plan.outputs.plan ?? '' })
      expect(run.code).toBe(1)
      for (const { leg } of rowsOf(plan))
        expect(run.summary).toContain(leg.endsWith('arm64') ? 'linux/arm64' : 'linux/amd64')
      expect(run.log).toContain('no runner has built and verified it yet')
      expect(await tagsOf(`${many()}/vllm-openai`)).toEqual([])
    },
    minutes,
  )

  it(
    'are built by three processes in parallel and promoted by a fourth, to the same registry state',
    async () => {
      const legs = rowsOf(plan).map(({ leg }) => leg)
      const runner = async (own: string[]): Promise<ActionRun[]> => {
        const runs: ActionRun[] = []
        for (const leg of own)
          runs.push(await act(many(), { command: 'build', plan: plan.outputs.plan ?? '', leg }))
        return runs
      }
      const runs = await Promise.all(
        [0, 1, 2].map((index) => runner(legs.filter((_, at) => at % 3 === index))),
      )
      expect(runs.flat().flatMap(errorsOf)).toEqual([])
      expect(await tagsOf(`${many()}/vllm-openai`)).toEqual([])
      const promoted = await act(many(), { command: 'promote', plan: plan.outputs.plan ?? '' })
      expect(errorsOf(promoted)).toEqual([])
      expect(promoted.code).toBe(0)
      expect(await stateOf(many())).toEqual(await stateOf(one()))
      expect(Object.keys(await stateOf(many()))).toHaveLength(6)
      expect(promoted.summary).toContain('linux/arm64')
      expect(promoted.summary).toContain('docker pull')
    },
    15 * minutes,
  )

  it(
    'leave nothing to do for another plan, build and promotion',
    async () => {
      const again = await act(many(), { command: 'plan' })
      expect(rowsOf(again)).toEqual([])
      expect(again.outputs.changed).toBe('false')
      const [name, tag] = images[0] ?? ['', '']
      const before = await digestOf(`${many()}/${name}`, tag)
      const [first] = rowsOf(plan)
      const built = await act(many(), {
        command: 'build',
        plan: plan.outputs.plan ?? '',
        leg: first?.leg ?? '',
      })
      expect(built.log).toContain('is already built and verified')
      expect(built.outputs.changed).toBe('false')
      const promoted = await act(many(), { command: 'promote', plan: plan.outputs.plan ?? '' })
      expect(promoted.code).toBe(0)
      expect(promoted.outputs.changed).toBe('false')
      expect(await digestOf(`${many()}/${name}`, tag)).toBe(before)
    },
    2 * minutes,
  )
})

describe('a plan', () => {
  const leg = 'vllm-v0.21.0-aibrix-v0.7.0-nixl-0.7.1-amd64'
  const namespace = () => `${world().namespace}-file`
  let plan: string

  it(
    'is a file if nothing is pushed',
    async () => {
      const runners = 'linux/amd64: a\nlinux/arm64: b'
      const run = await act(namespace(), { command: 'plan', push: 'false', runners })
      expect(run.code).toBe(0)
      plan = run.outputs.plan ?? ''
      const document = JSON.parse(readFileSync(plan, 'utf8')) as { images: unknown[] }
      expect(document.images).toHaveLength(3)
      expect(await tagsOf(`${namespace()}/image-cache`)).toEqual([])
    },
    minutes,
  )

  it(
    'that was changed is an error',
    async () => {
      const file = join(mkdtempSync(join(tmpdir(), 'plan-')), 'plan.json')
      writeFileSync(file, readFileSync(plan, 'utf8').replaceAll('"nixl": "0.7.1"', '"nixl": "0.7.0"'))
      const run = await act(namespace(), { command: 'build', plan: file, leg, push: 'false' })
      expect(errorsOf(run).join()).toContain('does not have the build id that it was planned with')
    },
    minutes,
  )

  it(
    'rejects the name of a leg that it does not have',
    async () => {
      const run = await act(namespace(), { command: 'build', plan, leg: 'x', push: 'false' })
      expect(errorsOf(run).join()).toContain('leg: the plan has no "x"; it has vllm-v0.21.0')
    },
    minutes,
  )
})
