import { describe, expect, it } from '@jest/globals'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ArtifactStore } from '../../../src/store/artifacts/artifact-store.ts'
import { artifactPlaces } from '../../../src/leg/artifact-sources.ts'
import { createStore } from '../../../src/store/store.ts'
import { newFolder } from '../../support/artifact-folder.ts'
import { inputsOf } from '../../support/machine.ts'
import { cache, createMemory } from '../../support/memory-client.ts'

const ofGitHub: ArtifactStore = {
  restore: () => Promise.resolve('absent'),
  save: () => Promise.resolve(),
}

/** Where a run looks for artifacts, in its order; `+` where it keeps them. */
function placesOf(
  push: boolean,
  store: 'registry' | 'off',
  actionsCache: ArtifactStore | undefined,
): string[] {
  const { build } = inputsOf({ cache: store })
  const places = artifactPlaces(
    { ...build, push },
    createStore(createMemory().client, cache).artifacts,
    actionsCache,
  )
  return places.map((place) => `${place.store === ofGitHub ? 'GitHub' : 'registry'}${place.keep ? ' +' : ''}`)
}

describe('the places of stage artifacts', () => {
  it.each<[string, string[], boolean, 'registry' | 'off', ArtifactStore | undefined]>([
    ['of a run that pushes: the cache repository', ['registry +'], true, 'registry', undefined],
    ['of one that pushes where GitHub has a cache', ['registry +'], true, 'registry', ofGitHub],
    ['of one that does not push', ['registry'], false, 'registry', undefined],
    ["of one that does not push, with GitHub's", ['registry', 'GitHub +'], false, 'registry', ofGitHub],
    ['without a cache', [], true, 'off', undefined],
    ['without a cache, and nothing is pushed', [], false, 'off', ofGitHub],
  ])('%s are %j', (_, expected, push, store, actionsCache) => {
    expect(placesOf(push, store, actionsCache)).toEqual(expected)
  })

  it('are in the cache repository of the plan', async () => {
    const memory = createMemory()
    const folder = newFolder()
    mkdirSync(join(folder, 'content'))
    writeFileSync(join(folder, 'content/x'), 'x')
    const [own] = artifactPlaces(
      { ...inputsOf().build, push: true },
      createStore(memory.client, cache).artifacts,
      undefined,
    )
    await own?.store.save('wheel-1', folder)
    expect(Object.keys(memory.tagsOf(cache))).toEqual(['wheel-1'])
  })
})
