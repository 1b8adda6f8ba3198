import { describe, expect, it } from '@jest/globals'
import { actionDefaults } from '../../../script/action-defaults.ts'
import { readInputs } from '../../../src/inputs/inputs.ts'
import { buildId, type Determinants, determinantsOf } from '../../../src/plan/keys/build-id.ts'
import { makePlan } from '../../../src/plan/make-plan.ts'
import type { Leg } from '../../../src/plan/plan.ts'
import { makeConfig, makeLayer, makeLeg, ucxOf } from '../../support/verified-leg.ts'
import { bases, world } from '../../support/plan-world.ts'

const leg = makeLeg()
const { base, aibrix } = leg
const otherDigest = `sha256:${'9'.repeat(64)}` as const
const elsewhere = { kind: 'path', path: '/srv/git' } as const

/** Differences from the usual leg. */
function changed(changes: Partial<Leg>, recipe = leg.recipe, usual = leg): string[] {
  const [before, after] = [
    determinantsOf(usual, usual.recipe),
    determinantsOf({ ...usual, ...changes }, recipe),
  ]
  const names = Object.keys(after) as (keyof Determinants)[]
  const different = names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
  expect(buildId(after) !== buildId(before)).toBe(different.length > 0)
  return different
}

const extraFiles = { digest: '6'.repeat(64), size: { files: 1, bytes: 10 } }

const matters: [keyof Determinants, Partial<Leg>, string][] = [
  ['engine', { engine: 'sglang' }, leg.recipe],
  ['engineVersion', { version: { tag: 'v0.21.0', release: '0.21.1' } }, leg.recipe],
  ['platform', { platform: 'linux/arm64' }, leg.recipe],
  ['base', { base: { ...base, manifestDigest: otherDigest } }, leg.recipe],
  ['baseRepository', { base: { ...base, given: 'ghcr.io/acme/vllm:v1' } }, leg.recipe],
  ['aibrixCommit', { aibrix: { ...aibrix, commit: '9'.repeat(40) } }, leg.recipe],
  ['aibrixTag', { aibrix: { ...aibrix, ref: 'v0.7.1' } }, leg.recipe],
  ['aibrixTag', { aibrix: { ...aibrix, kind: 'branch' } }, leg.recipe],
  ['nixl', { nixl: '0.7.0' }, leg.recipe],
  ['ucxVersion', { ucxVersion: '1.20.0' }, leg.recipe],
  ['ucxCommit', { ucx: { ...ucxOf(leg), commit: '9'.repeat(40) } }, leg.recipe],
  ['integration', { integration: 'none' }, leg.recipe],
  ['gpuArchitectures', { gpuArchitectures: ['9.0'] }, leg.recipe],
  ['buildArguments', { buildArguments: { A: '1' } }, leg.recipe],
  ['environment', { environment: { A: '1' } }, leg.recipe],
  ['extraPackages', { extraPackages: ['vllm-omni==0.30.0'] }, leg.recipe],
  ['extraFiles', { extraFiles }, leg.recipe],
  ['recipe', {}, '8'.repeat(64)],
]

describe('the build id', () => {
  it.each(matters)('changes with %s alone', (name, changes, recipe) => {
    expect(changed(changes, recipe)).toEqual([name])
  })

  it('depends on nothing else', () => {
    const contents = {
      ...{ environment: { A: '1' }, extraPackages: ['a'], extraFiles },
      base: { ...base, given: 'ghcr.io/acme/vllm:v1' },
    }
    expect(new Set(matters.map(([name]) => name))).toEqual(
      new Set(Object.keys(determinantsOf({ ...leg, ...contents }, leg.recipe))),
    )
  })

  it.each<[string, Partial<Leg>]>([
    ['the name of the leg', { id: 'another', architecture: 'x86' }],
    ['the build id that it had', { buildId: '0'.repeat(64) }],
    [
      'the tag of the base',
      { version: { ...leg.version, tag: 'v0.21.0-x86_64' }, base: { ...base, tag: 'latest' } },
    ],
    ['where the base is', { base: { ...base, repository: { registry: 'mirror.example', path: 'm/vllm' } } }],
    ['the index around the base', { base: { ...base, digest: otherDigest } }],
    [
      'what was read of the base',
      { base: { ...base, config: makeConfig({ user: 'me' }), layers: [makeLayer('3', 1)] } },
    ],
    ['where AIBrix is', { aibrix: { ...aibrix, repository: elsewhere } }],
    ['where UCX is', { ucx: { ...ucxOf(leg), repository: elsewhere } }],
    ['the name of the UCX commit', { ucx: { ...ucxOf(leg), ref: 'main', kind: 'branch' } }],
  ])('does not change with %s', (_, changes) => {
    expect(changed(changes)).toEqual([])
  })

  it('has no variables, packages and files if there are none', () => {
    for (const name of ['environment', 'extraPackages', 'extraFiles', 'baseRepository'])
      expect(determinantsOf(leg, leg.recipe)).not.toHaveProperty(name)
  })

  it('changes with the value of a variable, but not with the order of several', () => {
    const idOf = (environment: Record<string, string>) =>
      buildId(determinantsOf({ ...leg, environment }, leg.recipe))
    expect(idOf({ A: '1', B: '2' })).toBe(idOf({ B: '2', A: '1' }))
    expect(new Set([idOf({}), idOf({ A: '' }), idOf({ A: '1' }), idOf({ B: '1' })]).size).toBe(4)
  })

  it('does not change with the name of a branch of AIBrix', () => {
    const branch = { ...leg, aibrix: { ...aibrix, kind: 'branch', ref: 'main' } } as const
    expect(changed({ aibrix: { ...branch.aibrix, ref: 'next' } }, leg.recipe, branch)).toEqual([])
  })
})

describe('the build id of a plan', () => {
  const mirrored = Object.fromEntries(
    ['', 'mirror/'].flatMap((place) =>
      Object.entries(bases).map(([name, image]) => [`${place}${name}`, image]),
    ),
  )
  /** As a run with these inputs plans it. */
  const buildIdOf = async (given: Record<string, string> = {}) => {
    const inputs: Record<string, string> = { ...actionDefaults(), engine: 'vllm', ...given }
    const { plan } = readInputs((name) => inputs[name] ?? '', {
      event: { name: 'schedule', ref: '', repositoryUrl: '', tag: undefined },
      now: new Date(given.now ?? '2025-11-23T23:59:59Z'),
      fileExists: () => true,
      readFolder: () => undefined,
    })
    return (await makePlan(plan, world(mirrored))).images[0]?.legs[0].buildId
  }

  it.each<[string, Record<string, string>]>([
    ['the day', { now: '2030-12-31T00:00:00Z' }],
    ['the date', { date: '20301231' }],
    ['the tags', { tags: 'x-{{date}}\ny', 'overwrite-tags': 'true' }],
    ['the registry', { registry: 'ghcr.io', namespace: 'me', 'cache-repository': 'ghcr.io/me/cache' }],
    ['whether it is pushed', { push: 'false' }],
    ['credentials', { username: 'me', password: 'hunter2' }],
    ['secrets', { secrets: 'git-credentials=https://me:hunter2@git.example' }],
    ['the runners', { runners: 'linux/amd64: self-hosted, big' }],
    ['the builder', { builder: 'remote', network: 'host', parallel: '4', retries: '0' }],
    ['the package index', { 'package-index': 'https://me:hunter2@packages.example/simple' }],
    ['proxies', { 'build-args': 'HTTP_PROXY=http://me:hunter2@proxy.example:3128\nno_proxy=.example' }],
    ['certificates', { 'ca-certificates': 'ca.pem' }],
    ['from where the base is fetched', { 'base-registry': 'registry.example/mirror' }],
    [
      'from where AIBrix and UCX are fetched',
      { 'aibrix-repository': 'https://a.example/x', 'ucx-repository': './ucx' },
    ],
    ['what is done with what exists', { 'skip-unchanged': 'false', unchanged: 'retag', 'max-age': '30d' }],
    ['force', { force: 'true' }],
  ])('does not change with %s', async (_, given) => {
    const usual = await buildIdOf()
    expect(usual).toMatch(/^[0-9a-f]{64}$/)
    expect(await buildIdOf(given)).toBe(usual)
  })
})
