import { openNixlIndex, openGit } from '../../../src/command/world/tools.ts'
import { createStore } from '../../../src/store/store.ts'
import { afterAll, describe, expect, it } from '@jest/globals'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPlanWorld, readCatalogue } from '../../../src/command/world/plan-world.ts'
import { readRecipe } from '../../../src/command/world/recipe.ts'
import type { Machine } from '../../../src/command/world/machine.ts'
import type { NixlIndex } from '../../../src/plan/nixl/nixl-index.ts'
import { inputsOf, makeMachine } from '../../support/machine.ts'
import { createMemory, type Memory } from '../../support/memory-client.ts'
import { quickRetry } from '../../support/retry.ts'
import { withProgram } from '../../support/stand-in-inputs.ts'
import { makeBase, makeLeg } from '../../support/verified-leg.ts'

const folder = mkdtempSync(join(tmpdir(), 'plan-world-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

const newFolder = (): string => mkdtempSync(join(folder, 'one-'))
const nixl: NixlIndex = { versions: () => Promise.reject(new Error('not used here')) }

type Given = {
  inputs?: Record<string, string>
  machine?: Partial<Machine>
  memory?: Memory
  secretFiles?: Map<string, string>
}

function open({ inputs = {}, machine = {}, memory = createMemory(), secretFiles = new Map() }: Given) {
  const made = makeMachine(folder, machine)
  const read = inputsOf(inputs)
  return createPlanWorld(read, made, memory.client, openGit(made, secretFiles), nixl)
}

describe('git of a plan', () => {
  const path = withProgram(newFolder(), 'git', '#!/bin/sh\necho "$*"\n')
  const machine = { environment: { PATH: path } }

  it('is that of the runner', async () => {
    expect(await open({ machine }).git(['ls-remote', 'x'])).toBe('ls-remote x\n')
  }, 30_000)

  it('has the credentials of the run', async () => {
    const secretFiles = new Map([['git-credentials', '/private/git']])
    expect(await open({ machine, secretFiles }).git(['ls-remote'])).toBe(
      '-c credential.helper=store --file=/private/git ls-remote\n',
    )
  }, 30_000)

  it('is retried as the run retries', async () => {
    const place = newFolder()
    const script = `#!/bin/sh\n[ -e ${place}/up ] && echo answer && exit\ntouch ${place}/up; echo 'fatal: The requested URL returned error: 502' >&2; exit 128\n`
    const environment = { PATH: withProgram(place, 'git', script) }
    expect(await open({ machine: { environment, retry: quickRetry() } }).git(['ls-remote'])).toBe('answer\n')
  }, 30_000)
})

describe('the files beside the action', () => {
  it('include the catalogue, which is read once', () => {
    const dockerfiles = newFolder()
    cpSync('dockerfiles/catalogue.json', join(dockerfiles, 'catalogue.json'))
    const { catalogue } = open({ machine: { dockerfiles } })
    expect(catalogue).toEqual(readCatalogue('dockerfiles'))
    rmSync(join(dockerfiles, 'catalogue.json'))
    expect(readCatalogue(dockerfiles)).toBe(catalogue)
  })

  it('include the recipe of each engine, which is read once per plan', () => {
    const dockerfiles = newFolder()
    cpSync('dockerfiles', dockerfiles, { recursive: true })
    const world = open({ machine: { dockerfiles } })
    const [vllm, sglang] = [world.recipeOf('vllm'), world.recipeOf('sglang')]
    expect([vllm, sglang]).toEqual([readRecipe('dockerfiles', 'vllm'), readRecipe('dockerfiles', 'sglang')])
    writeFileSync(join(dockerfiles, 'Dockerfile.vllm'), 'FROM scratch')
    expect(world.recipeOf('vllm')).toBe(vllm)
    expect(open({ machine: { dockerfiles } }).recipeOf('vllm')).not.toBe(vllm)
  })
})

describe('the stored facts of a base', () => {
  const { base } = makeLeg()
  const inputs = { 'cache-repository': 'docker.io/aibrix/own-cache' }

  it('are undefined if nobody has measured it', async () => {
    expect(await open({ inputs }).storedFacts(base, 'vllm', 1)).toBeUndefined()
  })

  it('are in the cache repository', async () => {
    const memory = createMemory()
    const { cacheRepository } = inputsOf(inputs).plan
    await createStore(memory.client, cacheRepository).facts.write(base, makeBase())
    expect(await open({ inputs, memory }).storedFacts(base, 'vllm', 1)).toEqual({
      nixl: null,
      source: 'measured',
      python: '3.12',
      torch: '2.11.0',
      cuda: '13.0',
    })
    expect(await open({ memory }).storedFacts(base, 'vllm', 1)).toBeUndefined()
  })
})

it('the index of NIXL is requested with pip of the runner, once per question', async () => {
  const place = newFolder()
  const script = `#!/bin/sh\necho "$PIP_INDEX_URL" >> ${place}/asked\necho "nixl (0.7.1)"\necho "Available versions: 0.7.1"\n`
  const environment = { PATH: withProgram(place, 'python3', script) }
  const given = { packageIndex: 'https://index.example/simple' }
  const index = openNixlIndex(given, makeMachine(folder, { environment }))
  const base = { source: 'measured', python: '3.12', cuda: '12.8' } as const
  const first = await index.versions(base, 'linux/amd64')
  expect(first).toEqual({ state: 'known', versions: ['0.7.1'] })
  const asked = readFileSync(join(place, 'asked'), 'utf8')
  expect(await index.versions(base, 'linux/amd64')).toEqual(first)
  expect(new Set(asked.trim().split('\n'))).toEqual(new Set(['https://index.example/simple']))
  expect(readFileSync(join(place, 'asked'), 'utf8')).toBe(asked)
}, 30_000)
