import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { madeAt, notYoungerThan, olderThan } from '../../../src/plan/published/age.ts'
import { buildId, determinantsLabel, determinantsOf } from '../../../src/plan/keys/build-id.ts'
import { changesOf, parseDeterminants } from '../../../src/plan/published/changes.ts'
import { nearestTags } from '../../../src/plan/published/nearest-tags.ts'
import {
  couldBeOf,
  dateInTag,
  expandTemplate,
  type TagTemplate,
  type TemplateValues,
} from '../../../src/plan/published/tag.ts'
import { labelsOf } from '../../../src/verify/labels.ts'
import { makeConfig, makeFacts, makeLeg } from '../../support/verified-leg.ts'

const values: TemplateValues = {
  engine: 'vllm',
  'engine-version': 'v0.10.2',
  aibrix: 'v0.5.0',
  nixl: '0.7.1',
  ucx: '1.19.0',
  date: '20251123',
}
const usual: TagTemplate = {
  text: '{{engine-version}}-aibrix-{{aibrix}}-nixl-{{ nixl }}-{{date}}',
  dated: true,
}
const template = (text: string): TagTemplate => ({ text, dated: text.includes('{{date}}') })

describe('the date in a tag', () => {
  it.each<[TagTemplate, string, string | undefined]>([
    [usual, 'v0.10.2-aibrix-v0.5.0-nixl-0.7.1-20240229', '20240229'],
    [usual, 'v0.10.2-aibrix-v0.5.0-nixl-0.7.0-20240229', undefined],
    [usual, 'v0.10.2-aibrix-v0.5.0-nixl-0.7.1-2024022', undefined],
    [usual, 'v0.10.2-aibrix-v0.5.0-nixl-0.7.1-202402290', undefined],
    [usual, 'v0.10.2-aibrix-v0.5.0-nixl-0.7.1-2024022x', undefined],
    [template('{{date}}'), '20240229', '20240229'],
    [template('{{date}}-x-{{date}}'), '20240229-x-20240229', '20240229'],
    [template('{{date}}-x-{{date}}'), '20240229-x-20240228', undefined],
    [template('{{engine-version}}'), 'v0.10.2', undefined],
  ])('by %j in %s', (of, tag, expected) => {
    expect(dateInTag(of, values, tag)).toBe(expected)
  })

  const texts = fc
    .array(fc.constantFrom('{{date}}', '{{engine-version}}', '{{aibrix}}', '{{nixl}}', '-', '.', 'a', '1'), {
      minLength: 1,
      maxLength: 6,
    })
    .map((parts) => `x${parts.join('')}`)
  const dates = fc.integer({ min: 0, max: 99_999_999 }).map((number) => String(number).padStart(8, '0'))

  it('is found for any template', () => {
    fc.assert(
      fc.property(texts, dates, (text, date) => {
        const of = template(text)
        const tag = expandTemplate(of, { ...values, date })
        expect(dateInTag(of, values, tag)).toBe(of.dated ? date : undefined)
      }),
    )
  })

  it('does not matter for whether a tag could be of the template', () => {
    const word = fc.stringMatching(/^[a-z0-9.-]{1,6}$/)
    fc.assert(
      fc.property(texts, dates, word, word, (text, date, aibrix, nixl) => {
        const of = template(text)
        const tag = expandTemplate(of, { ...values, date, aibrix, nixl })
        expect(couldBeOf(of, { 'engine-version': values['engine-version'] }, tag)).toBe(true)
      }),
    )
  })

  it.each([
    ['v0.10.2-aibrix-x-nixl-y-z', true],
    ['v0.10.3-aibrix-x-nixl-y-z', false],
    ['v0.10.2-aibrix-x-y-z', false],
    ['v0.10.2-nixl-y-aibrix-x-z', false],
  ])('%s could be of the template: %s', (tag, expected) => {
    expect(couldBeOf(usual, { 'engine-version': 'v0.10.2' }, tag)).toBe(expected)
  })
})

describe('the nearest tags', () => {
  it('are the same on other dates, then the same engine version, newest first, and no other engine version', () => {
    const expected = [
      'v0.10.2-aibrix-v0.5.0-nixl-0.7.1-20251101',
      'v0.10.2-aibrix-v0.5.0-nixl-0.7.1-20251031',
      'v0.10.2-aibrix-v0.4.0-nixl-0.7.1-20251120',
      'v0.10.2-aibrix-v0.5.0-nixl-0.6.0-20251119',
    ]
    const others = ['v0.11.0-aibrix-v0.5.0-nixl-0.7.1-20251121', 'latest', 'x-20251123']
    const found = nearestTags([...expected, ...others].sort(), [usual], values)
    expect([...new Set(found)]).toEqual(expected)
  })

  it('are found quickly among 10,000 tags, whatever the template', () => {
    const tags = Array.from({ length: 10_000 }, (_, index) => `${'v'.repeat(100)}${index}`)
    const hostile = template(`{{aibrix}}{{nixl}}{{ucx}}{{date}}v{{aibrix}}v{{nixl}}`)
    const began = process.cpuUsage()
    nearestTags(tags, [hostile], values)
    expect(process.cpuUsage(began).user).toBeLessThan(2_000_000)
  })
})

describe('the label of the determinants', () => {
  it('has the determinants of the build id', () => {
    const plain = makeLeg({ buildArguments: { A: 'two  spaces', B: '"' } })
    const leg = { ...plain, buildId: buildId(determinantsOf(plain, plain.recipe)) }
    const label = labelsOf(leg, makeFacts(), new Map())[determinantsLabel] ?? ''
    expect(buildId(JSON.parse(label) as Parameters<typeof buildId>[0])).toBe(leg.buildId)
    const old = parseDeterminants(label)
    expect(old && changesOf([{ platform: leg.platform, old, now: determinantsOf(leg, leg.recipe) }])).toEqual(
      [],
    )
  })

  it.each([
    ['nothing', ''],
    ['no JSON', '{'],
    ['a list', '["a"]'],
    ['a number', '{"nixl":7}'],
    ['what is nested too deep', '{"a":{"b":{"c":"d"}}}'],
    ['what is too long', `{"a":"${'x'.repeat(70_000)}"}`],
  ])('can be %s, which gives no determinants', (_, label) => {
    expect(parseDeterminants(label)).toBeUndefined()
  })

  it('can be anything without an error or a long line', () => {
    const leg = makeLeg()
    const now = determinantsOf(leg, leg.recipe)
    const record = fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary', maxLength: 500 }))
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.json(),
          record.map((one) => JSON.stringify(one)),
        ),
        (label) => {
          const old = parseDeterminants(label)
          if (!old) return
          for (const { what, from, to } of changesOf([{ platform: 'linux/amd64', old, now }]))
            for (const text of [what, from ?? '', to ?? '']) {
              expect(text.length).toBeLessThanOrEqual(200)
              expect(text).not.toMatch(/\p{Cc}/u)
            }
        },
      ),
    )
  })
})

describe('the age of an image', () => {
  const leg = makeLeg()
  leg.base.config.diffIds = ['a', 'b']
  const config = (...layersCreated: string[]) =>
    makeConfig({ layersCreated, created: '2025-11-23T00:00:00Z' })
  const [old, young] = ['2025-01-01T00:00:00Z', '2025-11-20T00:00:00.123456789Z']

  it.each([
    [
      "that of the oldest layer that is not the base's",
      config(old, old, young, '2025-11-21T00:00:00Z'),
      young,
    ],
    ['that of the configuration where layers say nothing', config(), '2025-11-23T00:00:00Z'],
    ['unknown where neither says a time', makeConfig(), '1970-01-01T00:00:00Z'],
    ['unknown where it is no time', config(old, old, 'yesterday', young), '1970-01-01T00:00:00Z'],
  ])('is %s', (_, of, expected) => {
    expect(new Date(madeAt(of, leg)).toISOString()).toBe(new Date(Date.parse(expected)).toISOString())
  })

  it('is compared with a limit, or with what a plan found', () => {
    const limit = { text: '1d', before: Date.parse(young) }
    expect(olderThan(undefined)).toBeUndefined()
    expect(olderThan(limit)?.(config(old, old, young), leg)).toBeUndefined()
    expect(olderThan(limit)?.(config(old, old, old), leg)).toBe('2025-01-01T00:00:00.000Z')
    expect(notYoungerThan([{ ...leg, newerThan: null }])).toBeUndefined()
    const than = { ...leg, newerThan: '2025-11-20T00:00:00.123Z' }
    expect(notYoungerThan([than])?.(config(old, old, young), than)).toBeUndefined()
    const earlier = '2025-11-20T00:00:00.122Z'
    expect(notYoungerThan([than])?.(config(old, old, earlier), than)).toBe(earlier)
  })
})
