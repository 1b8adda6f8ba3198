import { describe, expect, it } from '@jest/globals'
import { determinantsLabel, determinantsOf } from '../../../src/plan/keys/build-id.ts'
import { canonicalJson } from '../../../src/plan/canonical.ts'
import { makePlan } from '../../../src/plan/make-plan.ts'
import { pendingLegs } from '../../../src/plan/pending.ts'
import type { PlannedImage } from '../../../src/plan/plan.ts'
import { buildIdLabel } from '../../../src/plan/published/published.ts'
import type { PlanRequest } from '../../../src/plan/request.ts'
import { stagedTag } from '../../../src/store/contents.ts'
import { bases, type Images, registryOf, request, selectors, world } from '../../support/plan-world.ts'

const start = 'v0.10.2-aibrix-v0.5.0-nixl-0.7.1'
const today = `${start}-20251123`
const undated = { text: '{{engine-version}}', dated: false }
const [usual] = request().templates
const templates = (...texts: string[]) => texts.map((text) => ({ text, dated: text.includes('date') }))
if (!usual) throw new Error('there is a template')
const second = { text: '{{date}}-{{engine-version}}', dated: true }
const now = Date.parse('2025-11-23T12:00:00Z')
const days = (count: number) => ({ text: `${count}d`, before: now - count * 86_400_000 })

async function planned(changed: Partial<PlanRequest>, images: Images = {}): Promise<PlannedImage> {
  const { images: all } = await makePlan(request(changed), world(images))
  const [image] = all
  if (!image) throw new Error('the plan is empty')
  return image
}

const { legs } = await planned({})
const [{ buildId }] = legs

/** An image with the planned content, or with other content. */
const same = { [buildIdLabel]: buildId, content: 'one image' }
const other = { [buildIdLabel]: 'f'.repeat(64) }

function tags(named: Record<string, Record<string, string>>): Images {
  return Object.fromEntries(
    Object.entries(named).map(([tag, labels]) => [`aibrix/vllm-openai:${tag}`, { 'linux/amd64': labels }]),
  )
}

function staged(labels: Record<string, string>): Images {
  return { [`aibrix/image-cache:${stagedTag(legs[0])}`]: { 'linux/amd64': labels } }
}

type Case = [string, Partial<PlanRequest>, Record<string, Record<string, string>>, string[], string[]]

describe('an image that is published under another date', () => {
  it.each<Case>([
    ['keeps its tag', {}, { [`${start}-20251101`]: same }, [`${start}-20251101`], []],
    [
      'keeps the newest of its tags',
      {},
      { [`${start}-20251101`]: same, [`${start}-20251120`]: same, [`${start}-20251119`]: same },
      [`${start}-20251120`],
      [],
    ],
    [
      'is not searched under a tag that is only similar to its own',
      {},
      { [`${start}-20251101`]: same, [`${start}-20251102x`]: same, [`${start}-2025110`]: same },
      [`${start}-20251101`],
      [],
    ],
    [
      'gets the date of today on request',
      { unchanged: 'retag' },
      { [`${start}-20251101`]: same },
      [`${start}-20251101`],
      [today],
    ],
    [
      'gets the missing tags without a date',
      { templates: [usual, undated] },
      { [`${start}-20251101`]: same },
      [`${start}-20251101`],
      ['v0.10.2'],
    ],
    [
      'gets those that name something else, if they may be moved',
      { templates: [usual, undated], publicTags: 'overwrite' },
      { [`${start}-20251101`]: same, 'v0.10.2': other },
      [`${start}-20251101`],
      ['v0.10.2'],
    ],
    [
      'gets those that name something else, if their template may be moved',
      { templates: [usual, undated], overwritable: ['{{engine-version}}'] },
      { [`${start}-20251101`]: same, 'v0.10.2': other },
      [`${start}-20251101`],
      ['v0.10.2'],
    ],
    [
      'is known by both if a tag without a date names it, too',
      { templates: [usual, undated] },
      { [`${start}-20251101`]: same, 'v0.10.2': same },
      [`${start}-20251101`, 'v0.10.2'],
      [],
    ],
    [
      'keeps the tag of each template',
      { templates: [usual, second] },
      { [`${start}-20251101`]: same, '20251101-v0.10.2': same },
      [`${start}-20251101`, '20251101-v0.10.2'],
      [],
    ],
    [
      'gets the date of today from a template that it has no tag of',
      { templates: [usual, second] },
      { [`${start}-20251101`]: same },
      [`${start}-20251101`],
      ['20251123-v0.10.2'],
    ],
    [
      'keeps the tag of today if it has that date already',
      { templates: [usual, undated] },
      { [`${start}-20251101`]: same, [today]: same },
      [today],
      ['v0.10.2'],
    ],
  ])('%s', async (_, changed, named, has, missing) => {
    const image = await planned(changed, tags(named))
    expect(image.published).toMatchObject({ kind: 'same', tags: has, missingTags: missing })
    expect(image.cause).toEqual({ kind: 'unchanged', tag: has[0] })
    expect(pendingLegs({ images: [image] })).toEqual([])
  })

  it.each([
    ['five dates, the newest', staged(same), 5],
    ['the newest date, if it is not staged', {}, 1],
  ])('is searched under %s, and no more', async (_, cached, looks) => {
    const behind = async (others: number) => {
      const newer = Array.from({ length: others }, (_, day) => [`${start}-2025110${day + 1}`, other] as const)
      const named = tags({ ...Object.fromEntries(newer), [`${start}-20251031`]: same })
      const { registry, requests } = registryOf({ ...bases, ...named, ...cached })
      const plan = await makePlan(request({ templates: [usual] }), world({}, { registry }))
      const asked = requests.filter((line) => line.startsWith('manifest aibrix/vllm-openai:'))
      return { published: plan.images[0]?.published, asked: asked.filter((line) => !line.includes('sha256')) }
    }
    const found = await behind(looks - 1)
    expect(found.published).toMatchObject({ tags: [`${start}-20251031`] })
    expect(found.asked).toHaveLength(looks)
    const hidden = await behind(looks)
    expect(hidden.published).toEqual({ kind: 'absent' })
    // One more may be read for its determinants.
    expect(hidden.asked.length).toBeLessThanOrEqual(looks + 1)
  })

  it.each<[string, Partial<PlanRequest>, Record<string, Record<string, string>>]>([
    ['of other content', {}, { [`${start}-20251101`]: other }],
    ['of other versions', {}, { 'v0.10.2-aibrix-v0.5.0-nixl-0.7.0-20251101': same }],
    ['that is to be built anyway', { rebuild: true }, { [`${start}-20251101`]: same, [today]: same }],
    ['if nothing is pushed', { publicTags: 'ignore' }, { [`${start}-20251101`]: same }],
    [
      'without a date in the tags',
      { templates: [{ text: 'x', dated: false }] },
      { [`${start}-20251101`]: same },
    ],
  ])('does not include one %s', async (_, changed, named) => {
    const image = await planned(changed, tags(named))
    expect(image.published).toEqual({ kind: 'absent' })
    expect(pendingLegs({ images: [image] })).toHaveLength(1)
  })

  it('does not excuse that a tag of today names something else', async () => {
    const named = tags({ [`${start}-20251101`]: same, [today]: other })
    await expect(planned({}, named)).rejects.toThrow('already names a different image')
    const taken = await planned({ publicTags: 'overwrite' }, named)
    expect(taken.published).toMatchObject({ tags: [`${start}-20251101`], missingTags: [today] })
  })

  it('does not excuse that a dated tag names something else, if only another template may be moved', async () => {
    const changed = { templates: [usual, undated], overwritable: ['{{engine-version}}'] }
    const named = tags({ [today]: other, 'v0.10.2': other })
    const refused = planned(changed, named)
    await expect(refused).rejects.toThrow(
      `docker.io/aibrix/vllm-openai:${today} already names a different image`,
    )
    expect((await planned(changed)).overwritable).toEqual(['v0.10.2'])
  })

  it('costs a list, a manifest and a configuration', async () => {
    const { registry, requests } = registryOf({ ...bases, ...tags({ [`${start}-20251101`]: same }) })
    await makePlan(request(), world({}, { registry }))
    expect(requests.filter((line) => !line.includes('vllm/'))).toEqual([
      'tags aibrix/vllm-openai',
      `manifest aibrix/vllm-openai:${start}-20251101`,
      'config aibrix/vllm-openai',
    ])
  })
})

describe('max-age', () => {
  const madeOn = (date: string, labels = same) => ({ ...labels, made: `${date}T00:00:00.123456789Z` })
  const wanted = { maxAge: days(30) }
  const limit = '2025-10-24T12:00:00.000Z'

  it.each<[string, Images, string, string | null, string]>([
    [
      'is published and new',
      tags({ [`${start}-20251101`]: madeOn('2025-11-01') }),
      'same',
      null,
      'unchanged',
    ],
    ['is published and old', tags({ [`${start}-20251001`]: madeOn('2025-10-01') }), 'absent', limit, 'aged'],
    ['is published without a time', tags({ [today]: same }), 'absent', limit, 'aged'],
    ['is staged and new', staged(madeOn('2025-11-01')), 'absent', null, 'first'],
    ['is staged and old', staged(madeOn('2025-10-02')), 'absent', limit, 'aged'],
    [
      'is old in both places',
      { ...staged(madeOn('2025-10-02')), ...tags({ [`${start}-20251001`]: madeOn('2025-10-01') }) },
      'absent',
      limit,
      'aged',
    ],
  ])('of what %s', async (_, images, kind, newerThan, cause) => {
    const image = await planned(wanted, images)
    expect([image.published.kind, image.legs[0].newerThan, image.cause.kind]).toEqual([
      kind,
      newerThan,
      cause,
    ])
    expect(image.legs[0].existing).toBe(_ === 'is staged and new' ? 'staged' : 'nothing')
  })

  it('is met if an old image is published but a new one staged', async () => {
    const old = tags({ [`${start}-20251001`]: madeOn('2025-10-01') })
    const image = await planned(wanted, { ...old, ...staged(madeOn('2025-11-20')) })
    expect(image.legs[0]).toMatchObject({ existing: 'staged', newerThan: limit })
    expect(image.published).toEqual({ kind: 'absent' })
  })

  it('is reported with the time at which the oldest was built', async () => {
    const old = { ...staged(madeOn('2025-10-02')), ...tags({ [`${start}-20251001`]: madeOn('2025-10-01') }) }
    const { cause } = await planned(wanted, old)
    expect(cause).toEqual({ kind: 'aged', made: '2025-10-01T00:00:00.123Z', limit: '30d' })
  })

  it('does not apply if it is empty', async () => {
    const image = await planned({}, tags({ [`${start}-20200101`]: madeOn('2020-01-01') }))
    expect(image.published.kind).toBe('same')
  })
})

describe('why an image is built', () => {
  const [leg] = legs
  const determinants = determinantsOf(leg, leg.recipe)
  const of = (changed: Partial<typeof determinants> = {}) => ({
    ...other,
    [determinantsLabel]: canonicalJson({ ...determinants, ...changed }),
  })
  const changes = (...all: [string, string | null, string | null][]) =>
    all.map(([what, from, to]) => ({ what, from, to, platforms: ['linux/amd64'] }))

  it.each<[string, Partial<PlanRequest>, Images, unknown]>([
    ['nothing is published', {}, {}, { kind: 'first' }],
    ['what is published has other tags', {}, tags({ 'some-tag': other }), { kind: 'new-tags' }],
    ['it is requested', { rebuild: true }, tags({ [today]: same }), { kind: 'forced' }],
    ['nothing is pushed', { publicTags: 'ignore' }, tags({ [today]: same }), { kind: 'unpushed' }],
    [
      'NIXL is new',
      {},
      tags({ 'v0.10.2-aibrix-v0.5.0-nixl-0.7.0-20251101': of({ nixl: '0.7.0' }) }),
      {
        kind: 'changed',
        since: 'v0.10.2-aibrix-v0.5.0-nixl-0.7.0-20251101',
        changes: changes(['nixl', '0.7.0', '0.7.1']),
      },
    ],
    [
      'the base changed: the same versions on another date come first',
      {},
      tags({
        [`${start}-20251101`]: of({ base: 'sha256:old' }),
        'v0.10.2-aibrix-v0.5.0-nixl-0.7.0-20251120': of({ nixl: '0.7.0' }),
      }),
      {
        kind: 'changed',
        since: `${start}-20251101`,
        changes: changes(['base', 'sha256:old', determinants.base]),
      },
    ],
    [
      'the engine version is new, whatever is older',
      {},
      tags({
        'v0.9.1-aibrix-v0.5.0-nixl-0.7.1-20251101': of({ engineVersion: '0.9.1' }),
        'v0.9.2-aibrix-v0.5.0-nixl-0.7.1-20251101': of({ engineVersion: '0.9.2' }),
        'v0.9.0-aibrix-v0.5.0-nixl-0.7.1-20251031': of({ engineVersion: '0.9.0' }),
      }),
      { kind: 'new-version' },
    ],
    [
      'the engine version is new, and all others are newer',
      {},
      tags({ 'v0.21.0-aibrix-v0.5.0-nixl-0.7.1-20251101': of({ engineVersion: '0.21.0' }) }),
      { kind: 'new-version' },
    ],
    [
      'the engine version is new, and moves a tag without a version',
      { publicTags: 'overwrite', templates: templates('{{engine-version}}-{{date}}', 'latest') },
      tags({ latest: of({ engineVersion: '0.21.0' }) }),
      { kind: 'new-version' },
    ],
    [
      'the image of another date does not record its engine version',
      {},
      tags({ [`${start}-20251101`]: { ...other, [determinantsLabel]: '{"nixl":"0.1.0"}' } }),
      expect.objectContaining({ kind: 'changed', since: `${start}-20251101` }),
    ],
    [
      'the engine version changed under tags without it',
      { publicTags: 'overwrite', templates: templates('latest') },
      tags({ latest: of({ engineVersion: '0.9.2' }) }),
      { kind: 'changed', since: 'latest', changes: changes(['engineVersion', '0.9.2', '0.10.2']) },
    ],
    [
      'a tag of today is moved',
      { publicTags: 'overwrite' },
      tags({ [today]: of({ integration: 'none' }) }),
      { kind: 'changed', since: today, changes: changes(['integration', 'none', 'auto']) },
    ],
    [
      'a build argument is gone, and the old image has an obsolete determinant',
      {},
      tags({
        [`${start}-20251101`]: {
          ...other,
          [determinantsLabel]: canonicalJson({ ...determinants, buildArguments: { A: ' b ' }, moon: 'full' }),
        },
      }),
      {
        kind: 'changed',
        since: `${start}-20251101`,
        changes: changes(['buildArguments.A', 'b', null], ['moon', 'full', null]),
      },
    ],
    [
      'a build argument with the password of a proxy is gone',
      {},
      tags({
        [`${start}-20251101`]: {
          ...other,
          [determinantsLabel]: canonicalJson({
            ...determinants,
            buildArguments: { FTP_PROXY: 'http://me:hunter2@proxy.example:3128' },
          }),
        },
      }),
      {
        kind: 'changed',
        since: `${start}-20251101`,
        changes: changes(['buildArguments.FTP_PROXY', 'http://***@proxy.example:3128', null]),
      },
    ],
    [
      'nobody knows: there is no such label',
      {},
      tags({ [`${start}-20251101`]: other }),
      { kind: 'unknown', since: `${start}-20251101` },
    ],
    [
      'nobody knows: it can not be read',
      {},
      tags({ [`${start}-20251101`]: { ...other, [determinantsLabel]: '{"a":[]}' } }),
      { kind: 'unknown', since: `${start}-20251101` },
    ],
  ])('is that %s', async (_, changed, images, expected) => {
    expect((await planned(changed, images)).cause).toEqual(expected)
  })

  it('names the platforms that it applies to', async () => {
    const platforms = ['linux/amd64', 'linux/arm64'] as [string, string]
    const base = { 'vllm/vllm-openai:v0.10.2': { 'linux/amd64': { a: '1' }, 'linux/arm64': { a: '2' } } }
    const before = await planned({ platforms, nixl: selectors('nixl', '0.7.0'), force: true }, base)
    const labels = Object.fromEntries(
      before.legs.map((one) => {
        const old = determinantsOf(one, one.recipe)
        const changed = one.platform === 'linux/arm64' ? { ...old, gpuArchitectures: '9.0' } : old
        return [one.platform, { ...other, [determinantsLabel]: canonicalJson(changed) }]
      }),
    )
    const images = { ...base, 'aibrix/vllm-openai:v0.10.2-aibrix-v0.5.0-nixl-0.7.0-20251101': labels }
    const { cause } = await planned({ platforms, force: true }, images)
    expect(cause).toMatchObject({
      changes: [
        { what: 'nixl', from: '0.7.0', to: '0.7.1', platforms },
        { what: 'gpuArchitectures', from: '9.0', to: 'auto', platforms: ['linux/arm64'] },
      ],
    })
  })
})
