import { describe, expect, it } from '@jest/globals'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ArtifactStore } from '../../../src/store/artifacts/artifact-store.ts'
import { artifactSources } from '../../../src/leg/artifact-sources.ts'
import { createStore } from '../../../src/store/store.ts'
import { newFolder } from '../../support/artifact-folder.ts'
import { inputsOf } from '../../support/machine.ts'
import { cache, createMemory } from '../../support/memory-client.ts'

const ofGitHub: ArtifactStore = {
  restore: () => Promise.resolve('absent'),
  save: () => Promise.resolve(),
}

/** The stores of a run in their order; `+` where it saves. */
function sourcesOf(
  push: boolean,
  cacheInput: 'registry' | 'off',
  actionsCache: ArtifactStore | undefined,
): string[] {
  const { build } = inputsOf({ cache: cacheInput })
  const sources = artifactSources(
    { ...build, push },
    createStore(createMemory().client, cache).artifacts,
    actionsCache,
  )
  return sources.map(
    ({ store, saves }) => `${store === ofGitHub ? 'GitHub' : 'registry'}${saves ? ' +' : ''}`,
  )
}

describe('the sources of stage artifacts', () => {
  it.each<[string, string[], boolean, 'registry' | 'off', ArtifactStore | undefined]>([
    ['of a run that pushes: the cache repository', ['registry +'], true, 'registry', undefined],
    ["of one that pushes, with GitHub's cache", ['registry +'], true, 'registry', ofGitHub],
    ['of one that does not push', ['registry'], false, 'registry', undefined],
    ["of one that does not push, with GitHub's", ['registry', 'GitHub +'], false, 'registry', ofGitHub],
    ['without a cache', [], true, 'off', undefined],
    ['without a cache, of one that does not push', [], false, 'off', ofGitHub],
  ])('%s are %j', (_, expected, push, cacheInput, actionsCache) => {
    expect(sourcesOf(push, cacheInput, actionsCache)).toEqual(expected)
  })

  it('are in the cache repository of the plan', async () => {
    const memory = createMemory()
    const folder = newFolder()
    mkdirSync(join(folder, 'content'))
    writeFileSync(join(folder, 'content/x'), 'x')
    const [own] = artifactSources(
      { ...inputsOf().build, push: true },
      createStore(memory.client, cache).artifacts,
      undefined,
    )
    await own?.store.save('wheel-1', folder)
    expect(Object.keys(memory.tagsOf(cache))).toEqual(['wheel-1'])
  })
})
