import { describe, expect, it } from '@jest/globals'
import { statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { cacheSize, checkSpace, type SpaceSettings } from '../../../src/buildkit/engine/check-space.ts'
import type { RunDocker } from '../../../src/buildkit/engine/info.ts'
import { UserError } from '../../../src/errors.ts'
import type { PlannedLeg } from '../../../src/plan/plan.ts'
import { formatReference } from '../../../src/registry/content/reference.ts'
import { makeBuilder } from '../../support/buildkit.ts'
import { makePlannedImages } from '../../support/reports.ts'
import { makeLayer } from '../../support/verified-leg.ts'

/** More than any disk has; and next to nothing */
const huge = 1e18
const tiny = 1000

type Engine = {
  driver?: 'docker' | 'docker-container' | 'remote'
  /** Whether the engine has pulled the base of a leg */
  has?: (base: string) => boolean
  /** What `docker buildx du` says at its end */
  total?: string
}

function dockerOf({ has = () => false, total = '0B' }: Engine) {
  const asked: string[] = []
  const answer = ([first, second, ...others]: string[]): string | undefined => {
    switch (`${first ?? ''} ${second ?? ''}`) {
      case 'context inspect':
        return 'unix:///x'
      case 'buildx du':
        return `Total:\t\t${total}\n`
      case 'image inspect':
        return has(others.at(-1) ?? '') ? '[]' : undefined
      default:
        throw new Error('not asked here')
    }
  }
  const docker: RunDocker = (args) => {
    asked.push(args.slice(0, 2).join(' '))
    const stdout = answer(args)
    return Promise.resolve({ code: stdout === undefined ? 1 : 0, stdout: stdout ?? '', stderr: '' })
  }
  return { docker, asked }
}

/** Legs of v0.1.0, v0.2.0 …, on a base of this size each. */
function legsOf(...sizes: number[]): PlannedLeg[] {
  return makePlannedImages(sizes.length).map(({ legs: [leg] }, index) => {
    const layers = [makeLayer(String(index + 1), sizes[index] ?? 0)]
    const digest = `sha256:${String(index + 1).repeat(64)}` as const
    return { ...leg, base: { ...leg.base, digest, layers } }
  })
}

const usual: SpaceSettings = {
  builder: makeBuilder(),
  parallel: 1,
  addedBytesLimit: 0,
  force: false,
  freed: false,
}

async function checked(legs: PlannedLeg[], engine: Engine = {}, settings: Partial<SpaceSettings> = {}) {
  const lines: string[] = []
  const { docker, asked } = dockerOf(engine)
  const log = (line: string): void => void lines.push(line)
  const builder = makeBuilder(engine.driver && { driver: engine.driver })
  await checkSpace(legs, { ...usual, builder, ...settings }, docker, log)
  return { lines, asked }
}

async function refusal(legs: PlannedLeg[], engine: Engine = {}, settings: Partial<SpaceSettings> = {}) {
  const error: unknown = await checked(legs, engine, settings).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(UserError)
  return (error as UserError).message
}

const [missing] = legsOf(huge)
if (!missing) throw new Error('there is one')
const base = formatReference({ ...missing.base.repository, digest: missing.base.digest })

describe('legs that fit on the disk', () => {
  it('are built, and the log has what they need', async () => {
    const { lines, asked } = await checked(legsOf(tiny))
    expect(lines).toEqual([
      expect.stringMatching(/^vllm v0\.1\.0 for linux\/amd64 needs about 2\.0 KB of disk space .* free\.$/),
    ])
    // What takes time is requested only where it matters.
    expect(asked).toEqual(['context inspect'])
  })

  it('only perhaps are built with a note', async () => {
    const { bavail, bsize } = await statfs(tmpdir())
    const { lines } = await checked(legsOf((bavail * bsize) / 1.75))
    expect(lines).toEqual([expect.stringMatching(/^Note: vllm v0\.1\.0 .*, which may be too little\.$/)])
  })

  it('one after another need not fit together', async () => {
    const { bavail, bsize } = await statfs(tmpdir())
    const legs = legsOf(...Array.from({ length: 3 }, () => (bavail * bsize) / 2.5))
    expect((await checked(legs)).lines).toHaveLength(1)
    expect(await refusal(legs, {}, { parallel: 3 })).toMatch(/^vllm v0\.1\.0 .* in parallel need at least/)
  })
})

it('an unknown disk is not checked, which the log says', async () => {
  const { lines } = await checked(legsOf(huge), { driver: 'remote' })
  expect(lines).toEqual([
    'Disk space is not checked: the builder has the driver "remote", and its disk is not on this machine.',
  ])
})

describe('legs that do not fit', () => {
  const bigger = 'use a runner with a bigger disk'
  const freeing = 'on a GitHub-hosted runner set free-disk-space: true'
  const fewer = 'build fewer legs in parallel with "parallel"'

  it.each<[string, Partial<SpaceSettings>, string]>([
    ['', {}, `${bigger}, ${freeing}, or set force: true to try.`],
    ['after space was freed', { freed: true }, `${bigger}, or set force: true to try.`],
    ['in parallel', { parallel: 2 }, `${bigger}, ${freeing}, ${fewer}, or set force: true to try.`],
  ])('are refused with advice %s', async (_, choices, advice) => {
    const message = await refusal(legsOf(huge), {}, choices)
    expect(message).toMatch(/^vllm v0\.1\.0 for linux\/amd64 needs at least /)
    expect(message.slice(message.indexOf('; ') + 2)).toBe(advice)
  })

  it('are built with force', async () => {
    const { lines } = await checked(legsOf(huge), {}, { force: true })
    expect(lines).toEqual([
      expect.stringMatching(/^Note: .* free; building all the same, because force is set\.$/),
    ])
  })

  it.each<[string, Engine]>([
    ['the engine has pulled their base', { has: (one) => one === base }],
    ['BuildKit may have it', { driver: 'docker-container', total: '9999999999TB' }],
    ["the size of BuildKit's cache is unknown", { driver: 'docker-container', total: 'unknown' }],
  ])('are built where %s', async (_, engine) => {
    const { lines } = await checked([missing], engine)
    expect(lines).toEqual([expect.stringMatching(/^Note: .* free; the engine may have these layers already/)])
  })

  it.each<[string, Engine, PlannedLeg[]]>([
    ['the engine has only the base of another leg', { has: (one) => one === base }, legsOf(huge, huge)],
    [
      'a builder in a container does not see what the engine has pulled',
      { driver: 'docker-container', has: () => true },
      [missing],
    ],
    ['BuildKit has too little', { driver: 'docker-container', total: '10GB' }, [missing]],
  ])('are refused where %s', async (_, engine, legs) => {
    expect(await refusal(legs, engine)).toContain('needs at least')
  })
})

describe("the size of BuildKit's cache", () => {
  it.each<[string, number | undefined]>([
    ['Shared:\t\t5.023GB\nPrivate:\t300.3MB\nReclaimable:\t4.423GB\nTotal:\t\t5.324GB\n', 5.324e9],
    ['Reclaimable:\t0B\nTotal:\t\t0B\n', 0],
    ['Total:\t\t8.192kB\n', 8192],
    ['ERROR: no builder', undefined],
    ['', undefined],
  ])('%j', (text, expected) => {
    expect(cacheSize(text)).toBe(expected)
  })
})
