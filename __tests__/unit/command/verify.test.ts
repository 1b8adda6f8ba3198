import { describe, expect, it } from '@jest/globals'
import { cpSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expectationOf, type Subject } from '../../../src/command/verify/expectation.ts'
import { findSubject, measuredLeg } from '../../../src/command/verify/verify-image.ts'
import { measuringScripts } from '../../../src/command/world/measuring-scripts.ts'
import { readRecipe } from '../../../src/command/world/recipe.ts'
import { buildxArguments } from '../../../src/buildkit/argv.ts'
import { buildId, determinantsLabel, determinantsOf } from '../../../src/plan/keys/build-id.ts'
import { buildIdLabel } from '../../../src/plan/published/published.ts'
import { getPlatformImage } from '../../../src/registry/platform-image.ts'
import type { Repository } from '../../../src/registry/content/reference.ts'
import { copyTag } from '../../../src/store/contents.ts'
import { labelsOf } from '../../../src/verify/labels.ts'
import { inputsOf } from '../../support/machine.ts'
import { cache, createMemory, type Memory, vllm } from '../../support/memory-client.ts'
import { putConfigured } from '../../support/published-images.ts'
import { makeFacts, makeLeg } from '../../support/verified-leg.ts'

const upstream: Repository = { registry: 'docker.io', path: 'vllm/vllm-openai' }
const platform = { os: 'linux', architecture: 'amd64' }
const user = {
  ...platform,
  config: { User: 'engine', Entrypoint: ['vllm', 'serve'] },
  rootfs: { diff_ids: [] },
}

/** Publishes an image with labels, and its base where it is said to be. */
async function published(basePlace: Repository | undefined, changes: Record<string, unknown> = {}) {
  const memory = createMemory()
  const manifestDigest = await putConfigured(memory, basePlace ?? upstream, 'v0.21.0', user)
  if (basePlace === cache) memory.tag(cache, copyTag({ manifestDigest }), manifestDigest)
  const base = { ...makeLeg().base, manifestDigest }
  const planned = makeLeg({ base })
  const leg = { ...planned, buildId: buildId(determinantsOf(planned, planned.recipe)) }
  const labels = labelsOf(leg, makeFacts(), new Map())
  const own = JSON.parse(labels[determinantsLabel] ?? '') as object
  const Labels = { ...labels, [determinantsLabel]: JSON.stringify({ ...own, ...changes }) }
  const config = { ...platform, config: { Labels }, rootfs: { diff_ids: [] } }
  await putConfigured(memory, vllm, 'stable', config)
  if (basePlace === undefined) for (const tag of ['v0.21.0', manifestDigest]) memory.remove(upstream, tag)
  return { memory, manifestDigest }
}

async function subjectIn({ client }: Memory): Promise<Subject> {
  const found = await getPlatformImage(client, vllm, 'stable', 'linux/amd64')
  if (!found?.image) throw new Error('nothing is published')
  return { repository: vllm, reference: 'stable', platform: 'linux/amd64', ...found, image: found.image }
}

async function expected(memory: Memory, inputs: Record<string, string> = {}) {
  return expectationOf(await subjectIn(memory), inputsOf(inputs).plan, memory.client)
}

describe('what an image is compared with', () => {
  it.each([
    ['upstream', upstream],
    ['in the cache repository', cache],
  ])('is its base %s, by the digest in its label', async (_, place) => {
    const { memory, manifestDigest } = await published(place)
    const { base, leg, labelled } = await expected(memory)
    expect(base).toEqual({ state: 'measured' })
    expect(leg.base).toMatchObject({ repository: place, manifestDigest, config: { user: 'engine' } })
    expect(labelled?.leg).toEqual(leg)
  })

  it('is the image itself without its base, which is then said to be lost', async () => {
    const { memory, manifestDigest } = await published(undefined)
    const { base, leg, labelled } = await expected(memory)
    // Else its labels would be said to name another base than it has.
    expect(labelled?.leg.base.manifestDigest).toBe(manifestDigest)
    expect(base).toMatchObject({
      state: 'lost',
      why: expect.stringMatching(/^its base docker\.io\/vllm\/vllm-openai@sha256:\w+ is not there/),
    })
    expect(leg.base.repository).toEqual(vllm)
  })

  it('is a base of others where base-image says that it is, and nowhere else', async () => {
    const acme: Repository = { registry: 'ghcr.io', path: 'acme/vllm' }
    const { memory, manifestDigest } = await published(acme, { baseRepository: 'ghcr.io/acme/vllm' })
    const found = await expected(memory, {
      command: 'verify',
      image: 'stable',
      'base-image': 'ghcr.io/acme/vllm:v2',
    })
    expect(found.base).toEqual({ state: 'measured' })
    expect(found.leg.base).toMatchObject({ repository: acme, manifestDigest, given: 'ghcr.io/acme/vllm' })
    expect(determinantsOf(found.leg, '').baseRepository).toBe('ghcr.io/acme/vllm')
    for (const inputs of [{}, { command: 'verify', image: 'stable', 'base-image': 'ghcr.io/other/vllm:v2' }])
      expect((await expected(memory, inputs)).base).toEqual({
        state: 'lost',
        why: 'its base is of ghcr.io/acme/vllm, which the input base-image does not name, and no copy is in the cache repository',
      })
  })

  it('is only looked for where the inputs say that bases are', async () => {
    const { memory } = await published(upstream)
    await expected(memory)
    const places = memory.seen
      .filter((request) => request.startsWith('get '))
      .map((request) => request.split(':')[0])
    expect(new Set(places)).toEqual(new Set(['get aibrix/vllm-openai', 'get vllm/vllm-openai']))
  })

  it('is what the inputs name exactly, before what its labels say', async () => {
    const { memory } = await published(upstream)
    const given = { engine: 'vllm', versions: 'v0.20.0', 'aibrix-version': 'v0.6.0', 'nixl-version': '1.0.0' }
    const { leg, labelled } = await expected(memory, given)
    expect(leg).toMatchObject({ version: { release: '0.20.0' }, aibrix: { ref: 'v0.6.0' }, nixl: '1.0.0' })
    expect(labelled?.leg).toMatchObject({
      version: { release: '0.21.0' },
      aibrix: { ref: 'v0.7.0' },
      nixl: '0.7.1',
    })
    await expect(expected(memory, { engine: 'sglang' })).rejects.toThrow(
      /^image: \S+ is an image of vllm by its labels, and engine selects sglang; set engine to vllm/,
    )
    const inexact = await expected(memory, { 'aibrix-version': 'main', 'nixl-version': 'latest' })
    expect(inexact.leg).toEqual(inexact.labelled?.leg)
  })

  it.each([
    [
      { engine: 'vllm', versions: 'v0.21.0' },
      { engine: true, aibrix: false, nixl: false },
    ],
    [
      { engine: 'vllm', 'nixl-version': '0.7.1' },
      { engine: false, aibrix: false, nixl: true },
    ],
    [
      { engine: 'vllm', 'aibrix-version': 'v0.7.0' },
      { engine: false, aibrix: true, nixl: false },
    ],
  ])('is given by %j for an image of others', async (inputs, given) => {
    const memory = createMemory()
    await putConfigured(memory, vllm, 'stable', user)
    expect(await expected(memory, inputs)).toMatchObject({
      labelled: undefined,
      base: { state: 'unnamed' },
      given,
    })
  })

  it.each([{}, { engine: 'vllm' }, { engine: 'vllm', versions: '~0.21' }, { 'nixl-version': '0.7.1' }])(
    'is needed for an image of others: %j does not say it',
    async (inputs) => {
      const memory = createMemory()
      await putConfigured(memory, vllm, 'stable', user)
      await expect(expected(memory, inputs)).rejects.toThrow(
        /^image: docker\.io\/aibrix\/vllm-openai@sha256:\w+ has no labels of this action to compare it with; say what it should be/,
      )
    },
  )
})

it('attestations are no image', async () => {
  const memory = createMemory()
  await putConfigured(memory, vllm, 'stable', { ...user, os: 'unknown', architecture: 'unknown' })
  const inputs = inputsOf({ command: 'verify', image: 'docker.io/aibrix/vllm-openai:stable' })
  const { command } = inputs
  if (command.kind !== 'verify') throw new Error('another command')
  await expect(findSubject(command, { inputs, registry: memory.client })).rejects.toThrow(
    /^image: \S+@sha256:\w+ holds no image for linux\/amd64; set platforms\.$/,
  )
})

it('labels of this action without the one that counts are named', async () => {
  const memory = createMemory()
  const Labels = { [buildIdLabel]: 'a'.repeat(64), [determinantsLabel]: '{' }
  await putConfigured(memory, vllm, 'stable', { ...user, config: { Labels } })
  await expect(expected(memory)).rejects.toThrow(
    /^image: \S+ has labels of this action, but nothing that can be read in io\.aibrix\.image\.determinants, to compare/,
  )
  const given = await expected(memory, { engine: 'vllm', versions: 'v0.21.0' })
  expect(given.hasBrokenLabels).toBe(true)
})

it('an image that would change while it is measured is refused', async () => {
  const memory = createMemory()
  await putConfigured(memory, vllm, 'stable', {
    ...user,
    config: { OnBuild: ['RUN pip install https://me:hunter2@host/x'] },
  })
  const inputs = inputsOf({ command: 'verify', image: 'docker.io/aibrix/vllm-openai:stable' })
  const { command } = inputs
  if (command.kind !== 'verify') throw new Error('another command')
  await expect(findSubject(command, { inputs, registry: memory.client })).rejects.toThrow(
    /^image: \S+@sha256:\w+ has ONBUILD instructions \(the first is "RUN pip install https:\/\/\*\*\*@host\/x"\), which would change it/,
  )
})

describe('what BuildKit gets', () => {
  it('has nothing of what labels say but the digest of the base', async () => {
    const evil = {
      buildArguments: { BUILDKIT_SYNTAX: 'evil.example/frontend' },
      environment: { 'X\nRUN evil': '$(evil)' },
      aibrixTag: '../../evil',
      ucxVersion: '1.0 evil',
      gpuArchitectures: 'evil',
      platform: 'evil/evil',
    }
    const { memory, manifestDigest } = await published(upstream, evil)
    const leg = measuredLeg(await expected(memory))
    expect(JSON.stringify(leg)).not.toContain('evil')
    const existing = `docker.io/aibrix/vllm-openai@${manifestDigest}`
    const args = buildxArguments({
      ...{ leg, existing, context: '/dockerfiles', dockerfile: '/Dockerfile', secrets: new Map() },
      options: {
        ...{ builder: undefined, buildkitImage: undefined, network: 'default', cache: 'off' },
        ...{ provenance: undefined, sbom: undefined },
      },
      output: { kind: 'report', directory: '/facts' },
      artifacts: { ucx: '/ucx' },
    })
    expect(args.join(' ')).not.toContain('evil')
    expect(args).toEqual(
      expect.arrayContaining([`image=docker-image://${existing}`, 'ucx=/ucx/', 'BASE_USER=engine']),
    )
    expect(args).toContain(`BASE_IMAGE=docker.io/vllm/vllm-openai@${manifestDigest}`)
  })
})

it('the version of the measuring scripts changes with a probe, which is in no build id', () => {
  const changed = mkdtempSync(join(tmpdir(), 'dockerfiles-'))
  cpSync('dockerfiles', changed, { recursive: true })
  const before = measuringScripts('dockerfiles')
  expect(before).toMatch(/^[0-9a-f]{12}$/)
  expect(measuringScripts(changed)).toBe(before)
  writeFileSync(join(changed, 'gpu', 'ucx.py'), '# another')
  expect(measuringScripts(changed)).not.toBe(before)
  expect(readRecipe(changed, 'vllm')).toBe(readRecipe('dockerfiles', 'vllm'))
})
