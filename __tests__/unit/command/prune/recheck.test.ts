import { describe, expect, it } from '@jest/globals'
import { recheck } from '../../../../src/command/prune/recheck.ts'
import type { Digest } from '../../../../src/registry/content/digest.ts'
import { cache } from '../../../support/memory-client.ts'
import { makePruned } from '../../../support/prune-runs.ts'

const digest: Digest = `sha256:${'a'.repeat(64)}`
const other: Digest = `sha256:${'b'.repeat(64)}`

/** @param names what the registry has now: tag → digest */
const check = (changes: Parameters<typeof makePruned>[0], names: Record<string, Digest>) =>
  recheck(makePruned({ digest, ...changes }), cache, {
    resolveTag: (_, tag) => Promise.resolve(names[tag]),
  })

describe('a digest that goes is checked again right before', () => {
  it.each<[string, Parameters<typeof makePruned>[0], Record<string, Digest>, object]>([
    ['its tags name it', { tags: ['x', 'y'] }, { x: digest, y: digest }, { state: 'same' }],
    ['it is a part of an index', { tags: [] }, {}, { state: 'same' }],
    ['all its tags are gone', { tags: ['x', 'y'] }, {}, { state: 'vanished' }],
    [
      'one of its tags is gone',
      { tags: ['x', 'y'] },
      { x: digest },
      { state: 'changed', why: 'y does not exist any more' },
    ],
    [
      'a tag was moved',
      { tags: ['x', 'y'] },
      { x: digest, y: other },
      { state: 'changed', why: `y names ${other} now` },
    ],
    [
      'what it relies on is the same',
      {
        tags: ['x'],
        relies: [
          { tag: 'r', digest: other },
          { tag: 'none', digest: null },
        ],
      },
      { x: digest, r: other },
      { state: 'same' },
    ],
    [
      'what it relies on was written again',
      { tags: ['x'], relies: [{ tag: 'r', digest: other }] },
      { x: digest, r: digest },
      { state: 'changed', why: `r names ${digest} now` },
    ],
    [
      'what it relies on was deleted',
      { tags: ['x'], relies: [{ tag: 'r', digest: other }] },
      { x: digest },
      { state: 'changed', why: 'r does not exist any more' },
    ],
    [
      'what was missing exists',
      { tags: ['x'], relies: [{ tag: 'r', digest: null }] },
      { x: digest, r: other },
      { state: 'changed', why: 'r exists now' },
    ],
  ])('%s', async (_, changes, names, expected) => {
    expect(await check(changes, names)).toEqual(expected)
  })
})
