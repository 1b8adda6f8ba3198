import { describe, expect, it } from '@jest/globals'
import type { Catalogue } from '../../../src/plan/feasibility/catalogue.ts'
import type { KnownBase } from '../../../src/plan/feasibility/known-base.ts'
import type { GitRepository } from '../../../src/plan/git-repository.ts'
import { ucxOf } from '../../../src/plan/nixl/ucx-choice.ts'
import { catalogue } from '../../support/plan-world.ts'

const commit = '4'.repeat(40)
const wheels = { python: '>=3.10', cuda: ['12', '13'] }
const known: Catalogue = {
  ...catalogue(),
  nixl: {
    '0.7.1': { ucx: '1.19.0', ...wheels },
    '1.5.0': { ucx: '1.23.0', ucxCommit: commit, ...wheels },
    '1.5.1': { ucx: '1.23.0', note: 'bundles a branch', ...wheels },
    '0.8.0': { ucx: '1.20.0', ...wheels },
  },
}

/** A repository of UCX with two releases and the commit that NIXL 1.5.0 was built from. */
const ucx: GitRepository = {
  tags: ['v1.19.0', 'v1.22.0'],
  address: 'https://git.example/ucx',
  find: (ref) =>
    Promise.resolve(
      ['v1.19.0', 'v1.22.0', commit].includes(ref)
        ? { repository: { kind: 'url', url: 'x' }, ref, commit, kind: ref === commit ? 'commit' : 'tag' }
        : undefined,
    ),
  pin: () => Promise.reject(new Error('nobody asks')),
}

function on(...bases: Partial<KnownBase>[]) {
  const known = bases.map((one, index) => [String(index), { source: 'measured' as const, ...one }] as const)
  return () => Promise.resolve(new Map(known))
}

describe('the UCX tools of a NIXL are built from', () => {
  it.each<[string, string, 'index' | 'base', Partial<KnownBase>[], string | null, string | null]>([
    ['the release that it bundles', '0.7.1', 'index', [{}], '1.19.0', 'v1.19.0'],
    ['the commit of a branch that it bundles', '1.5.0', 'index', [{}], '1.23.0', commit],
    ['nothing if neither is known', '1.5.1', 'index', [{}], '1.23.0', null],
    ['what that of the base reports', '0.7.1', 'base', [{ ucx: '1.22.0' }], '1.22.0', 'v1.22.0'],
    [
      'the release of one that the catalogue lacks',
      '9.9.9',
      'base',
      [{ ucx: '1.22.0' }],
      '1.22.0',
      'v1.22.0',
    ],
    [
      'nothing for one that the catalogue lacks, without a release',
      '9.9.9',
      'base',
      [{ ucx: '1.30.0' }],
      '1.30.0',
      null,
    ],
    ['nothing for an unknown one', '9.9.9', 'base', [{}], null, null],
    ['what the catalogue has if nothing was measured', '1.5.0', 'base', [{}], '1.23.0', commit],
    ['what the catalogue has if bases differ', '1.5.0', 'base', [{ ucx: '1.22.0' }, {}], '1.23.0', commit],
    ['nothing as long as NIXL is not known', 'base', 'base', [{}], null, null],
  ])('%s', async (_, nixl, nixlFrom, bases, version, ref) => {
    const found = await ucxOf({ nixl, nixlFrom }, on(...bases), { catalogue: known, ucx })
    expect(found).toMatchObject({ version, source: ref === null ? null : { ref } })
  })

  it.each([
    [
      '0.8.0',
      'https://git.example/ucx has no tag v1.20.0, the UCX that NIXL 0.8.0 bundles; check ucx-repository',
    ],
    ['9.9.9', 'this version of the action does not know NIXL 9.9.9'],
  ])('nothing if %s is requested but does not exist', async (nixl, reason) => {
    const found = await ucxOf({ nixl, nixlFrom: 'index' }, on({}), { catalogue: known, ucx })
    expect(found).toEqual({ unbuildable: expect.stringContaining(reason) })
  })
})
