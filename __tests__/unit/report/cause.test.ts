import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import type { Cause, Change } from '../../../src/plan/plan.ts'
import { causeText } from '../../../src/report/summary/cause-part.ts'
import { renderSummary } from '../../../src/report/summary/summary.ts'
import { makeOutcome, makePlannedImage, makeRun, published } from '../../support/reports.ts'

const hex = (digit: string) => digit.repeat(64)
const commit = (digit: string) => digit.repeat(40)
const both = ['linux/amd64', 'linux/arm64'] as const

function image(cause: Cause, platforms: readonly [string, ...string[]] = ['linux/amd64']) {
  return makePlannedImage(undefined, platforms, { cause })
}

function change(what: string, from: string | null, to: string | null, platforms = ['linux/amd64']): Change {
  return { what, from, to, platforms }
}

function changed(...changes: Change[]): Cause {
  return { kind: 'changed', since: 'old', changes }
}

describe('why an image is built, as text', () => {
  it.each<[Cause, string]>([
    [{ kind: 'unchanged', tag: 'v1-20251101' }, 'unchanged since v1-20251101'],
    [{ kind: 'first' }, 'nothing is published yet'],
    [{ kind: 'new-version' }, 'the first image of vLLM v0.21.0'],
    [{ kind: 'new-tags' }, 'no tag like this is published yet'],
    [{ kind: 'forced' }, 'forced'],
    [{ kind: 'unpushed' }, 'nothing is pushed, so existing images do not count'],
    [
      { kind: 'aged', made: '2025-10-20T01:02:03.000Z', limit: '30d' },
      'built on 2025-10-20, longer ago than max-age 30d',
    ],
    [
      { kind: 'unknown', since: 'old' },
      'something changed since old, which does not record what it was built from',
    ],
    [changed(change('nixl', '0.7.1', '0.8.0')), 'NIXL 0.7.1 → 0.8.0, since old'],
    [
      changed(change('base', `sha256:${hex('1')}`, `sha256:${hex('3')}`)),
      'base of vLLM v0.21.0 changed sha256:111111111111… → sha256:333333333333…, since old',
    ],
    [
      changed(
        change('base', `sha256:${hex('1')}`, `sha256:${hex('3')}`),
        change('engineVersion', '0.1', '0.2'),
      ),
      'vLLM 0.1 → 0.2, since old',
    ],
    [
      changed(
        change('ucxCommit', commit('1'), commit('2')),
        change('ucxVersion', '1.19.0', '1.20.0'),
        change('nixl', '0.7.1', '0.8.0'),
      ),
      'NIXL 0.7.1 → 0.8.0, UCX 1.19.0 → 1.20.0, since old',
    ],
    [
      changed(change('aibrixCommit', commit('1'), commit('2')), change('aibrixTag', 'v0.5.0', 'v0.6.0')),
      'AIBrix v0.5.0 → v0.6.0, since old',
    ],
    [
      changed(change('aibrixCommit', commit('1'), commit('2')), change('aibrixTag', null, 'v0.6.0')),
      'AIBrix 111111111111… → v0.6.0, since old',
    ],
    [
      changed(change('aibrixCommit', commit('1'), commit('2'))),
      'AIBrix commit 111111111111… → 222222222222…, since old',
    ],
    [
      changed(change('recipe', hex('1'), hex('2'))),
      'Dockerfile and scripts changed 111111111111… → 222222222222…, since old',
    ],
    [changed(change('buildArguments.A', '1', null)), 'build argument A 1 → none, since old'],
    [changed(change('environment.A', null, 'b')), 'variable A none → b, since old'],
    [
      changed(change('extraPackages.a', null, 'a==1'), change('extraFiles', hex('1'), null)),
      'extra package a none → a==1, extra-files 111111111111… → none, since old',
    ],
    [
      changed(change('baseRepository', null, 'ghcr.io/acme/vllm')),
      'repository of the base none → ghcr.io/acme/vllm, since old',
    ],
    [changed(change('buildArguments.A', '', '1')), 'build argument A "" → 1, since old'],
    [changed(change('moon', null, 'full')), 'moon none → full, since old'],
    [changed(), 'no known change, since old'],
  ])('%j', (cause, expected) => {
    expect(causeText(image(cause))).toBe(expected)
  })

  it('names the platforms, unless it is all of them', () => {
    const cause = changed(change('nixl', '1', '2', [...both]), change('base', 'a', 'b', ['linux/arm64']))
    expect(causeText(image(cause, both))).toBe(
      'NIXL 1 → 2, base of vLLM v0.21.0 changed a → b (linux/arm64), since old',
    )
  })

  it('is in the job summary, whatever a label contains', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const cause = changed(change(text, text, text))
        const summary = renderSummary(makeRun([makeOutcome(published, [], image(cause))]))
        const lines = summary.split('\n')
        const heading = lines.indexOf('### Why it was built')
        expect(lines[heading + 2]).toMatch(/^- \*\*vLLM v0\.21\.0\*\*: /)
        expect(lines[heading + 4]).toBe('### Use AIBrix in the engine')
      }),
      { numRuns: 50 },
    )
  })
})
