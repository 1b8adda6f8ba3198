import { describe, expect, it } from '@jest/globals'
import type { Builder } from '../../../src/buildkit/engine/builder.ts'
import { hasSlowSecrets, slowSecretsNotice } from '../../../src/buildkit/engine/slow-secrets.ts'
import { makeBuilder, makeEngine } from '../../support/buildkit.ts'

describe('steps with secrets are slow', () => {
  it.each<['buildkit' | 'docker', string, boolean | undefined]>([
    ['buildkit', 'v0.12.5', false],
    ['buildkit', 'v0.13.0', true],
    ['buildkit', 'v0.13.2', true],
    ['buildkit', 'v0.14.1+dfsg', true],
    ['buildkit', '0.15.1', true],
    ['buildkit', 'v0.15.1-rootless', true],
    ['buildkit', 'v0.15.2', false],
    ['buildkit', 'v0.16.0-rc1', false],
    ['buildkit', 'v0.25.1', false],
    ['buildkit', 'v1.13.0', false],
    ['buildkit', 'v0.0.0+unknown', undefined],
    ['buildkit', 'buildx-stable-1', undefined],
    ['buildkit', '', undefined],
    ['docker', '25.0.6', false],
    ['docker', '26.0.0', true],
    ['docker', '26.1.5+dfsg1', true],
    ['docker', '27.1.2', true],
    ['docker', '27.2.0', false],
    ['docker', '28.5.2+dfsg4', false],
    ['docker', 'library-import', undefined],
  ])('with %s %s: %s', (program, version, expected) => {
    expect(hasSlowSecrets(program, version)).toBe(expected)
  })
})

describe('the notice about an engine', () => {
  const old = makeEngine({ version: '26.1.5+dfsg1' })
  const container = { driver: 'docker-container' }

  it.each<[string, Partial<Builder>, string | undefined]>([
    ['that knows its version', { versions: ['v0.13.2'], engine: old }, 'BuildKit v0.13.2 reads'],
    ['that is mended', { versions: ['v0.15.2'] }, undefined],
    ['of a distribution', { versions: ['v0.0.0+unknown'], engine: old }, 'Docker 26.1.5+dfsg1 reads'],
    ['of a distribution that is mended', { versions: ['v0.0.0+unknown'] }, undefined],
    ['of another context', { versions: [], endpoints: ['far'], engine: old }, undefined],
    ['that does not answer', { versions: [], engine: undefined }, undefined],
    ['whose builder is a container', { ...container, versions: ['v0.25.1'], engine: old }, undefined],
    ['whose builder does not run yet', { ...container, versions: [], engine: old }, undefined],
    [
      'one of whose nodes is old',
      { ...container, versions: ['v0.25.1', 'v0.14.0'] },
      'BuildKit v0.14.0 reads',
    ],
  ])('%s', (_, builder, expected) => {
    const notice = slowSecretsNotice(makeBuilder(builder))
    if (expected === undefined) expect(notice).toBeUndefined()
    else
      expect(notice).toMatch(
        new RegExp(`^${expected.replaceAll(/[.+]/g, '\\$&')} the whole base before each step`),
      )
  })
})
