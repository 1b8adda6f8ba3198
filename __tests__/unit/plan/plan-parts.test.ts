import { parseSelectors } from '../../../src/plan/versions/selector.ts'
import type { RunGit } from '../../../src/system/git.ts'
import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { buildId, type Determinants, recipeDigest } from '../../../src/plan/keys/build-id.ts'
import { openGitRepository } from '../../../src/plan/git-repository.ts'
import { expandTemplate, parseTemplate, refInTag, type TagTemplate } from '../../../src/plan/published/tag.ts'
import { isSameRelease, parseEngineVersion } from '../../../src/plan/versions/version.ts'

const commit = '52405d7852405d7852405d7852405d7852405d78'

describe('engine versions', () => {
  it.each([
    ['v0.10.2', { tag: 'v0.10.2', release: '0.10.2' }],
    ['0.10.1.1', { tag: 'v0.10.1.1', release: '0.10.1.1' }],
    ['v0.5.5.post3', { tag: 'v0.5.5.post3', release: '0.5.5.post3' }],
    ['v0.11.0rc1', { tag: 'v0.11.0rc1', release: '0.11.0rc1' }],
    ['v0.20.0-cu129-ubuntu2404', { tag: 'v0.20.0-cu129-ubuntu2404', release: '0.20.0' }],
    ['v0.5.12.post1-cu130-runtime', { tag: 'v0.5.12.post1-cu130-runtime', release: '0.5.12.post1' }],
    ['v0.33.0-efa', { tag: 'v0.33.0-efa', release: '0.33.0' }],
    ['v0.21.0-acme', { tag: 'v0.21.0-acme', release: '0.21.0' }],
    ['0.21.0rc1_acme.2', { tag: 'v0.21.0rc1_acme.2', release: '0.21.0rc1' }],
    ['v0.21.0-acme-20251123', { tag: 'v0.21.0-acme-20251123', release: '0.21.0' }],
    ['v0.20.0-cu129-1', { tag: 'v0.20.0-cu129-1', release: '0.20.0' }],
    ['v0.21.0_cu129', { tag: 'v0.21.0_cu129', release: '0.21.0' }],
    ['v0.21.0-cuda-12.9', { tag: 'v0.21.0-cuda-12.9', release: '0.21.0' }],
    ['v0.21.0-cpu-offload', { tag: 'v0.21.0-cpu-offload', release: '0.21.0' }],
    ['v0.5.2-revised', { tag: 'v0.5.2-revised', release: '0.5.2' }],
    [`v0.21.0-${'a'.repeat(120)}`, { tag: `v0.21.0-${'a'.repeat(120)}`, release: '0.21.0' }],
    [`v0.21.0-${'a'.repeat(121)}`, undefined],
    ['v0.12.0-1', undefined],
    ['v0.12.0-20251123', undefined],
    ['v0.12.0-1-acme', undefined],
    ['v0.12.0-post1', undefined],
    ['v0.12.0_alpha', undefined],
    ['v0.12.0-', undefined],
    ['v0.12.0--acme', undefined],
    ['v0.12.0-acme+cu129', undefined],
    ['0.10.0-0.12.0', undefined],
    ['v0.10-acme', undefined],
    ['v0.19.1-rocm700-mi30x', undefined],
    ['v0.21.0-acme_nixl', undefined],
    ['gateway-v0.3.1', undefined],
    ['latest', undefined],
    ['nightly-dee37d891', undefined],
    ['v0.10.2-aibrix-v0.5.0', undefined],
    ['v1', undefined],
  ])('"%s"', (text, expected) => {
    expect(parseEngineVersion(text)).toEqual(expected)
  })

  it.each([
    ['0.10.2', '0.10.2+cu128', true],
    ['v0.5.0-rc.1', '0.5.0rc1', true],
    ['0.5.5.post3', '0.5.5', false],
    ['0.10.2', 'no version', false],
  ])('%s is measured as %s: %s', (declared, measured, expected) => {
    expect(isSameRelease(declared, measured)).toBe(expected)
  })
})

describe('a published tag', () => {
  const text = fc.stringMatching(/^[-_.A-Za-z0-9]{0,20}$/)
  const words = fc.constantFrom(
    '-aibrix-',
    '-nixl-',
    '_aibrix',
    'x-nixl',
    '-acme',
    '_cu129',
    '-x86_64',
    '-cu129',
    '',
  )

  it('names the base of its image, whatever the suffix of that', () => {
    const [template] = [parseTemplate('{{engine-version}}-aibrix-{{aibrix}}-nixl-{{nixl}}-{{date}}')]
    if ('unknown' in template) throw new Error(template.unknown)
    fc.assert(
      fc.property(fc.array(fc.oneof(text, words), { maxLength: 4 }), (pieces) => {
        const version = parseEngineVersion(`v0.21.0${pieces.join('')}`)
        if (!version) return
        expect(version.tag).toMatch(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/)
        if (version.tag.length > 80) return
        const rest = { engine: 'vllm', aibrix: 'v0.7.0', nixl: '0.7.1', ucx: '', date: '20251123' }
        const tag = expandTemplate(template, { 'engine-version': version.tag, ...rest })
        expect(tag.slice(0, tag.indexOf('-aibrix-'))).toBe(version.tag)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('tags', () => {
  const values = {
    engine: 'vllm',
    'engine-version': 'v0.10.2',
    aibrix: 'v0.5.0',
    nixl: '0.7.1',
    ucx: '1.19.0',
    date: '20251123',
  }

  function template(text: string): TagTemplate {
    const parsed = parseTemplate(text)
    if ('unknown' in parsed) throw new Error(parsed.unknown)
    return parsed
  }

  it('follow the template of the recommended tags', () => {
    const text = '{{engine-version}}-aibrix-{{aibrix}}-nixl-{{nixl}}-{{date}}'
    expect(expandTemplate(template(text), values)).toBe('v0.10.2-aibrix-v0.5.0-nixl-0.7.1-20251123')
  })

  it('longer than 128 characters are refused', () => {
    expect(() => expandTemplate(template(`{{date}}${'x'.repeat(121)}`), values)).toThrow('has 129 characters')
  })

  it('with an unknown name are refused', () => {
    expect(parseTemplate('{{engine_version}}')).toEqual({ unknown: '{{engine_version}}' })
  })

  it.each([
    ['tag', 'v0.5.0', 'v0.5.0'],
    ['branch', 'main', 'main-52405d7'],
    ['branch', 'feature/kv+cache', 'feature-kv-cache-52405d7'],
    ['commit', commit, '52405d7'],
  ] as const)('show a %s "%s" as "%s"', (kind, ref, expected) => {
    expect(refInTag({ kind, ref, commit })).toBe(expected)
  })

  it('contain only valid characters, whatever the name of the branch', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (ref) => {
        expect(refInTag({ kind: 'branch', ref, commit })).toMatch(/^[A-Za-z0-9_.-]*-52405d7$/)
      }),
    )
  })
})

describe('sources', () => {
  const url = { kind: 'url', url: 'https://git.example/aibrix' } as const
  const answer =
    (lines: string[]): RunGit =>
    () =>
      Promise.resolve(lines.map((line) => `${line}\n`).join(''))

  it.each([
    ['a light tag', 'v0.5.0', [`${commit}\trefs/tags/v0.5.0`], { ref: 'v0.5.0', kind: 'tag' }],
    [
      'an annotated tag, peeled',
      'v0.5.0',
      [`${'0'.repeat(40)}\trefs/tags/v0.5.0`, `${commit}\trefs/tags/v0.5.0^{}`],
      { ref: 'v0.5.0', kind: 'tag' },
    ],
    ['a tag written without v', '0.5.0', [`${commit}\trefs/tags/v0.5.0`], { ref: 'v0.5.0', kind: 'tag' }],
    ['a branch', 'main', [`${commit}\trefs/heads/main`], { ref: 'main', kind: 'branch' }],
    ['a full commit', commit, [], { ref: commit, kind: 'commit' }],
  ])('%s is pinned to its commit', async (_, ref, lines, expected) => {
    const source = await openGitRepository(answer(lines), 'aibrix-version', url)
    expect(await source.pin(ref)).toEqual({
      repository: url,
      commit,
      ...expected,
    })
  })

  it('a short commit of a remote is refused with a hint', async () => {
    const source = await openGitRepository(answer([]), 'aibrix-version', url)
    await expect(source.pin('52405d7')).rejects.toThrow('all of its 40 digits')
  })

  it('lists its tags, an annotated one once', async () => {
    const lines = [
      `${'0'.repeat(40)}\trefs/tags/v0.5.0`,
      `${commit}\trefs/tags/v0.5.0^{}`,
      `${commit}\trefs/heads/main`,
    ]
    expect((await openGitRepository(answer(lines), 'aibrix-version', url)).tags).toEqual(['v0.5.0'])
  })

  it('options and path tricks are not ref names', () => {
    for (const text of ['-x', 'a..b', 'a b', 'a//b', 'a@{1}', 'x.lock', '', 'a/', "';rm"])
      expect(parseSelectors(text, 'aibrix')).toHaveProperty('invalid')
  })
})

describe('the build id', () => {
  const determinants: Determinants = {
    engine: 'vllm',
    engineVersion: '0.10.2',
    platform: 'linux/amd64',
    base: 'sha256:1',
    aibrixCommit: commit,
    aibrixTag: 'v0.5.0',
    nixl: '0.7.1',
    ucxVersion: '1.19.0',
    ucxCommit: commit,
    integration: 'auto',
    gpuArchitectures: 'auto',
    buildArguments: { A: '1', B: '2' },
    recipe: 'abc',
  }

  it('is 64 hexadecimal digits', () => {
    expect(buildId(determinants)).toMatch(/^[0-9a-f]{64}$/)
  })

  it('does not depend on the order of determinants', () => {
    const reversed = Object.fromEntries(Object.entries(determinants).reverse()) as Determinants
    expect(buildId({ ...reversed, buildArguments: { B: '2', A: '1' } })).toBe(buildId(determinants))
  })

  it.each(Object.keys(determinants) as (keyof Determinants)[])('changes with %s', (key) => {
    expect(buildId({ ...determinants, [key]: key === 'buildArguments' ? { A: '2' } : 'other' })).not.toBe(
      buildId(determinants),
    )
  })

  it('of the recipe changes with each name and each byte', () => {
    const of = (files: Record<string, string>) =>
      recipeDigest(new Map(Object.entries(files).map(([k, t]) => [k, Buffer.from(t)])))
    expect(new Set([of({ a: 'x' }), of({ b: 'x' }), of({ a: 'y' }), of({ a: '', x: '' })]).size).toBe(4)
    expect(of({ a: 'x', b: 'y' })).toBe(of({ b: 'y', a: 'x' }))
  })
})
