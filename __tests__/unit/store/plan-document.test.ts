import { describe, expect, it } from '@jest/globals'
import { Ajv2020 } from 'ajv/dist/2020.js'
import * as fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { UserError } from '../../../src/errors.ts'
import { parsePlan, serialisePlan } from '../../../src/store/plan-document.ts'
import { makePlan } from '../../../src/plan/make-plan.ts'
import { buildIdLabel } from '../../../src/plan/published/published.ts'
import type { PlanRequest } from '../../../src/plan/request.ts'
import { stagedTag } from '../../../src/store/contents.ts'
import { type Images, request, selectors, world } from '../../support/plan-world.ts'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

const isValid = new Ajv2020({ allErrors: true, strict: true }).compile(
  JSON.parse(readFileSync('docs/plan.schema.json', 'utf8')) as object,
)
const vllm = (versions: string) => [{ engine: 'vllm' as const, versions: selectors('engine', versions) }]
const forTwo = { 'linux/amd64': { a: '1' }, 'linux/arm64': { a: '2' } }

async function documentOf(changed: Partial<PlanRequest>, images: Images = {}): Promise<string> {
  return serialisePlan(await makePlan(request(changed), world(images)))
}

/** A plan with all that can be in one: a staged leg, a published image, something left out, … */
async function richPlan(): Promise<string> {
  const tags = ['v0.10.2-aibrix-v0.5.0-nixl-0.7.1-20251123', 'again']
  const templates = [...request().templates, { text: '{{engine-version}}-again', dated: false }]
  const plain = {
    engines: [
      ...vllm('>=0.9 <0.12'),
      { engine: 'sglang' as const, versions: selectors('engine', 'default') },
    ],
    mirrors: [{ engine: 'vllm' as const, repository: { registry: 'ghcr.io', path: 'acme/vllm-openai' } }],
    ...{ templates, buildArguments: { A: 'b' }, environment: { A: 'd' }, gpuArchitectures: ['9.0', '10.0'] },
  }
  const { images } = await makePlan(request(plain), world())
  const [first, second] = images.map(({ legs }) => legs[0])
  if (!first || !second) throw new Error('the plan has fewer than two images')
  const there = {
    [`aibrix/vllm-openai:${tags[0] ?? ''}`]: { 'linux/amd64': { [buildIdLabel]: first.buildId } },
    [`aibrix/image-cache:${stagedTag(second)}`]: { 'linux/amd64': {} },
  }
  return documentOf(plain, there)
}

const plans: [string, () => Promise<string>][] = [
  ['of the recommended image', () => documentOf({})],
  ['with all that can be in one', richPlan],
  [
    'of two platforms',
    () =>
      documentOf(
        { platforms: ['linux/amd64', 'linux/arm64'], force: true },
        { 'vllm/vllm-openai:v0.10.2': forTwo },
      ),
  ],
  [
    'of a branch in a repository on the runner, without a push',
    () =>
      documentOf({
        aibrix: { repository: { kind: 'path', path: '/srv/aibrix' }, versions: selectors('aibrix', 'main') },
        publicTags: 'ignore',
      }),
  ],
  [
    'that moves the tags of one template',
    () =>
      documentOf({
        templates: [...request().templates, { text: 'stable', dated: false }],
        overwritable: ['stable'],
      }),
  ],
  ['that overwrites', () => documentOf({ publicTags: 'overwrite', integration: 'none' })],
]

describe('the schema in docs/ and parsePlan', () => {
  it.each(plans)('accept the plan %s', async (_, make) => {
    const text = await make()
    isValid(JSON.parse(text))
    expect(isValid.errors).toBeNull()
    expect(serialisePlan(parsePlan(text, 'the plan'))).toBe(text)
  })

  it('cover all that can be in a plan', async () => {
    const document = JSON.parse(await richPlan()) as Json
    const paths = new Set(
      placesOf(document).map((place) => place.filter((key) => typeof key === 'string').join('.')),
    )
    for (const path of [
      'excluded.reason',
      'images.published.digest',
      'images.published.missingTags',
      'images.legs.aibrix.repository.url',
    ])
      expect(paths).toContain(path)
    expect(JSON.stringify(document)).toContain('"existing":"staged"')
  })
})

type Place = (string | number)[]

/** Every place in a document, from the whole to each single value. */
function placesOf(value: Json, here: Place = []): Place[] {
  if (typeof value !== 'object' || value === null) return [here]
  return [
    here,
    ...Object.entries(value).flatMap(([key, inner]) =>
      placesOf(inner, [...here, Array.isArray(value) ? Number(key) : key]),
    ),
  ]
}

/** @param change gives the new value, `undefined` to remove it */
function changedAt(
  value: Json,
  [key, ...rest]: Place,
  change: (old: Json) => Json | undefined,
): Json | undefined {
  if (key === undefined) return change(value)
  if (Array.isArray(value))
    return value
      .flatMap((one, index) => (index === key ? [changedAt(one, rest, change)] : [one]))
      .filter((one) => one !== undefined)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, one]) => {
      const next = name === key ? changedAt(one, rest, change) : one
      return next === undefined ? [] : [[name, next]]
    }),
  )
}

/** @returns the error of parsePlan; undefined if it accepts a document */
function complaint(document: Json): string | undefined {
  try {
    parsePlan(JSON.stringify(document), 'the plan')
    return undefined
  } catch (error) {
    if (error instanceof UserError) return error.message
    throw error
  }
}

/** A schema cannot express that a key exists elsewhere in the document. */
const beyondSchema = 'names a base that it does not describe'

/** @returns whether both refuse a document; throws if they differ */
function bothRefuse(document: Json, what: string): boolean {
  const said = complaint(document)
  const refused = said !== undefined && !said.includes(beyondSchema)
  if (isValid(document) === refused)
    throw new Error(
      `${what}: the schema ${refused ? 'accepts it, parsePlan does not' : 'refuses it, parsePlan does not'}`,
    )
  return refused
}

describe('a changed plan', () => {
  const others: Json[] = [null, true, 0, -1.5, '', 'x', [], ['x'], [{}], {}, { x: 'x' }, { kind: 'same' }]

  it('is refused by both the schema and parsePlan: without a field, or with one of another type', async () => {
    const document = JSON.parse(await richPlan()) as Json
    let refused = 0
    for (const place of placesOf(document))
      for (const other of [undefined, ...others]) {
        const changed = changedAt(document, place, () => other)
        if (changed === undefined) continue
        refused += Number(
          bothRefuse(
            changed,
            `${place.join('/')} = ${other === undefined ? 'removed' : JSON.stringify(other)}`,
          ),
        )
      }
    expect(refused).toBeGreaterThan(2000)
  })

  it('is refused without any field, apart from names of labels, build arguments and variables, and from mirrors', async () => {
    const document = JSON.parse(await richPlan()) as Json
    const taken = placesOf(document).flatMap((place) => {
      const changed = changedAt(document, place, () => undefined)
      const free = ['A', 'name', 'mirrors']
      const isField = typeof place.at(-1) === 'string' && !free.includes(String(place.at(-1)))
      return isField && changed !== undefined && complaint(changed) === undefined ? [place.join('/')] : []
    })
    expect(taken).toEqual([])
  })

  it('is accepted or refused by both, whatever changes', async () => {
    const document = JSON.parse(await richPlan()) as Json
    const places = placesOf(document)
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(...places), fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>), {
          minLength: 1,
          maxLength: 3,
        }),
        (changes) => {
          const changed = changes.reduce<Json>(
            (value, [place, other]) => changedAt(value, place, () => other) ?? null,
            document,
          )
          bothRefuse(changed, 'any')
        },
      ),
      { numRuns: 300 },
    )
  })

  it('is refused by parsePlan alone if a leg has an undescribed base', async () => {
    const document = JSON.parse(await documentOf({})) as Json
    const changed = changedAt(document, ['bases'], () => ({})) ?? null
    expect(isValid(changed)).toBe(true)
    expect(complaint(changed)).toBe(
      'the plan names a base that it does not describe: docker.io/vllm/vllm-openai:v0.10.2 linux/amd64.',
    )
  })

  it('is refused with a sentence if it is not a plan at all', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(() => parsePlan(text, 'plan.json')).toThrow(UserError)
      }),
      { numRuns: 200 },
    )
  })
})
