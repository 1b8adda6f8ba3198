import { validRange } from '@renovatebot/pep440'
import { describe, expect, it } from '@jest/globals'
import { Ajv2020 } from 'ajv/dist/2020.js'
import * as fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { currentRelease, parseCatalogue, ucxOfNixl } from '../../../src/plan/feasibility/catalogue.ts'
import { engineNames } from '../../../src/plan/engine.ts'
import { knownBase } from '../../../src/plan/feasibility/known-base.ts'
import { parseEngineVersion } from '../../../src/plan/versions/version.ts'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
type Path = (string | number)[]

const file = readFileSync('dockerfiles/catalogue.json', 'utf8')
const catalogue = parseCatalogue(file)
const fresh = () => JSON.parse(file) as Json

const schema = JSON.parse(readFileSync('dockerfiles/catalogue.schema.json', 'utf8')) as object
const isValid = new Ajv2020({ allErrors: true }).compile(schema)

function parses(content: Json): boolean {
  try {
    parseCatalogue(JSON.stringify(content))
    return true
  } catch {
    return false
  }
}

/** A key with `undefined` is absent in JSON. */
function verdicts(content: Json): { schema: boolean; parser: boolean } {
  const plain = JSON.parse(JSON.stringify(content)) as Json
  return { schema: isValid(plain), parser: parses(plain) }
}

/** Every place in a document but its root. */
function pathsOf(value: Json, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return []
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value)
  return entries.flatMap(([key, inner]) => [[...path, key], ...pathsOf(inner, [...path, key])])
}

/** @returns the document with one value replaced, or removed if there is no replacement */
function changed(path: Path, replacement: Json | undefined, content = fresh()): Json {
  let parent = content
  for (const key of path.slice(0, -1)) {
    const next: Json | undefined = (parent as Record<string | number, Json>)[key]
    if (next === undefined) throw new Error(`there is no ${path.join('.')}`)
    parent = next
  }
  const last = path.at(-1) ?? ''
  if (replacement !== undefined) (parent as Record<string | number, Json>)[last] = replacement
  else if (Array.isArray(parent)) parent.splice(Number(last), 1)
  else Reflect.deleteProperty(parent as object, last)
  return content
}

describe('the catalogue', () => {
  it('fits its schema and is parsed', () => {
    expect(isValid(fresh())).toBe(true)
    expect(verdicts(fresh())).toEqual({ schema: true, parser: true })
  })

  it.each<[string, Path, Json | undefined]>([
    ['another format', ['format'], 1],
    ['no current release', ['current'], undefined],
    ['a list of releases', ['releases'], []],
    ['a list of NIXL versions', ['nixl'], []],
    ['a current release without v', ['current'], '0.5.0'],
    [
      'a release that is named like a branch',
      ['releases', 'main'],
      { needs: { python: '>=3', torch: '>=2' }, vllm: { patches: [] } },
    ],
    ['a release without needs', ['releases', 'v0.5.0', 'needs'], undefined],
    ['a need that is no specifier', ['releases', 'v0.5.0', 'needs', 'python'], '3.12 or older'],
    ['an engine that there is not', ['releases', 'v0.5.0', 'tested', 'engines', 'tgi'], 'v1.0'],
    ['one engine only', ['releases', 'v0.5.0', 'tested', 'engines', 'sglang'], undefined],
    ['an engine version with a range', ['releases', 'v0.5.0', 'tested', 'engines', 'vllm'], '~0.10'],
    ['no recommended tag', ['releases', 'v0.5.0', 'tested', 'tags'], []],
    ['an empty note', ['releases', 'v0.7.0', 'notes'], ['']],
    ['a patch with v', ['releases', 'v0.5.0', 'vllm', 'patches', 0], 'v0.8.5'],
    ['a misspelled key', ['releases', 'v0.7.0', 'vllm', 'modules'], '0.14.0'],
    ['a row without its source', ['bases', 'vllm', 0, 'source'], undefined],
    ['a torch that is a number', ['bases', 'vllm', 1, 'torch'], 2.6],
    ['wheels of no CUDA', ['nixl', '0.7.1', 'cuda'], []],
    ['a base whose NIXL is a range', ['bases', 'vllm', 0, 'nixl'], '>=1.1.0'],
    ['a NIXL without UCX', ['nixl', '0.7.1', 'ucx'], undefined],
    ['a UCX commit that is short', ['nixl', '0.7.1', 'ucxCommit'], '4c46c6f'],
    ['a NIXL with both a UCX commit and a note', ['nixl', '1.5.0', 'ucxCommit'], '4'.repeat(40)],
    ['something further', ['comment'], 'hello'],
  ])('is refused by schema and parser with %s', (_, path, replacement) => {
    expect(verdicts(changed(path, replacement))).toEqual({ schema: false, parser: false })
  })

  it('is accepted or refused by both schema and parser, whatever changes', () => {
    const paths = pathsOf(fresh())
    const values = fc.oneof(
      fc.constantFrom<Json[]>(
        'v1.2.3',
        '1.2.3',
        '1.2.3.post1',
        '>=1,<2',
        '4'.repeat(40),
        '',
        'x',
        13,
        null,
        [],
        {},
        ['12'],
        true,
      ),
      fc.jsonValue().map((value) => value as Json),
    )
    const key = fc.constantFrom(
      'ucx',
      'note',
      'ucxCommit',
      'nixl',
      'nixlFloor',
      'source',
      'module',
      'v0.9.0',
      '1.9.9',
      'python',
      'extra',
    )
    let refused = 0
    fc.assert(
      fc.property(
        fc.constantFrom(...paths),
        fc.option(values, { nil: undefined }),
        fc.option(key, { nil: undefined }),
        (path, value, added) => {
          // A value is replaced or removed, or a key is added beside it.
          const place =
            added === undefined || typeof path.at(-1) === 'number' ? path : [...path.slice(0, -1), added]
          const { schema: first, parser } = verdicts(changed(place, value))
          if (!first) refused += 1
          expect({ place, value, valid: parser }).toEqual({ place, value, valid: first })
        },
      ),
      { numRuns: 500 },
    )
    expect(refused).toBeGreaterThan(100)
  })

  it('is refused if it is not JSON', () => {
    expect(() => parseCatalogue('{')).toThrow('dockerfiles/catalogue.json: ')
  })

  it('has valid PEP 440 specifiers', () => {
    const specifiers = [
      ...Object.values(catalogue.releases).flatMap(({ needs }) => Object.values(needs)),
      ...Object.values(catalogue.bases).flatMap((rows) => rows.map(({ versions }) => versions)),
      ...Object.values(catalogue.nixl).map(({ python }) => python),
    ]
    expect(specifiers.filter((specifier) => !validRange(specifier))).toEqual([])
  })

  it.each(engineNames)('has no contradictory rows for a version of %s', (engine) => {
    const tags = readFileSync(`__tests__/fixtures/tags/${engine}.txt`, 'utf8').split('\n')
    const versions = tags.flatMap((tag) => parseEngineVersion(tag) ?? [])
    expect(versions.length).toBeGreaterThan(50)
    const reversed = {
      ...catalogue,
      bases: { ...catalogue.bases, [engine]: catalogue.bases[engine].toReversed() },
    }
    for (const version of versions)
      expect(knownBase(reversed, engine, version)).toEqual(knownBase(catalogue, engine, version))
  })

  it('has the UCX of every NIXL that was tested with a release', () => {
    const tested = Object.values(catalogue.releases).flatMap((release) => release.tested ?? [])
    expect(tested.map(({ nixl }) => ucxOfNixl(catalogue, nixl))).toEqual(['1.19.0'])
  })
})

describe('the current release', () => {
  it('is that of the recommended images', () => {
    expect(currentRelease(catalogue)).toMatchObject({
      engines: { vllm: 'v0.10.2', sglang: 'v0.5.5.post3' },
      nixl: '0.7.1',
    })
  })

  it.each(['v0.7.0', 'v9.9.9'])('cannot be %s, which was not tested', (current) => {
    expect(() => currentRelease({ ...catalogue, current })).toThrow(
      `its current release ${current} is not among`,
    )
  })
})

describe('the UCX of a NIXL', () => {
  it.each([
    ['0.5.1', '1.19.0'],
    ['0.7.1', '1.19.0'],
    ['1.0.0', '1.20.0'],
    ['1.0.1', '1.21.0'],
    ['1.4.1', '1.22.0'],
    ['1.5.1', '1.23.0'],
  ])('%s is %s', (nixl, ucx) => {
    expect(ucxOfNixl(catalogue, nixl)).toBe(ucx)
  })

  it.each([
    [
      '9.9.9',
      'nixl-version: this version of the action does not know NIXL 9.9.9; the nearest that it knows are ',
    ],
  ])('%s is an error with a reason', (nixl, message) => {
    expect(() => ucxOfNixl(catalogue, nixl)).toThrow(message)
  })
})
