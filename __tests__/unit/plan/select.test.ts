import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import semver from 'semver'
import { UserError } from '../../../src/errors.ts'
import { isPreRelease, minorLineOf, parseRelease, type Product } from '../../../src/plan/versions/release.ts'
import { type Selected, selectVersions } from '../../../src/plan/versions/select.ts'
import { parseSelectors } from '../../../src/plan/versions/selector.ts'
import { lists } from '../../support/select-tags.ts'

const currents: Record<Product, string> = { engine: 'v0.10.2', aibrix: 'v0.5.0', nixl: '0.7.1' }

type Releases = () => Promise<readonly string[]>

async function selectFrom(text: string, product: Product, releases: Releases): Promise<Selected[]> {
  const selectors = parseSelectors(text, product)
  if ('invalid' in selectors) throw new Error(`${selectors.invalid} is not allowed`)
  const world = { input: 'versions', none: 'git.example has none', product, current: currents[product] }
  return selectVersions(selectors, { ...world, releases })
}

function select(text: string, product: Product, tags: readonly string[]): Promise<Selected[]> {
  return selectFrom(text, product, () => Promise.resolve(tags))
}

async function tagsOf(text: string, product: Product, tags: readonly string[]): Promise<string[]> {
  return (await select(text, product, tags)).map(({ tag }) => tag)
}

function noneOnUserError(error: unknown): string[] {
  if (error instanceof UserError) return []
  throw error
}

/** @returns the selected versions, or none if that is an error */
async function versionsOf(text: string, product: Product, tags: readonly string[]): Promise<string[]> {
  const selected = await tagsOf(text, product, tags).catch(noneOnUserError)
  return selected.map((tag) => parseRelease(product, tag)?.version ?? tag)
}

describe('a selection', () => {
  const tags = ['v0.9.2', 'v0.10.2', 'v0.10.1', 'v0.11.0', 'v0.11.0-cu130', 'v0.11.1rc1', 'latest']

  it('has its selector, and whether it was named or matched', async () => {
    expect(await select('default, latest, ~0.10', 'engine', tags)).toEqual([
      { tag: 'v0.10.2', why: 'default', wanted: 'exact' },
      { tag: 'v0.11.0', why: 'latest', wanted: 'matched' },
      { tag: 'v0.10.1', why: '~0.10', wanted: 'matched' },
    ])
  })

  it.each(['latest, v0.11.0', 'v0.11.0, latest'])('is exact if it is both: "%s"', async (text) => {
    expect(await select(text, 'engine', tags)).toEqual([{ tag: 'v0.11.0', why: 'v0.11.0', wanted: 'exact' }])
  })

  it('keeps its first position', async () => {
    expect(await tagsOf('~0.10, v0.9.2, v0.10.1', 'engine', tags)).toEqual(['v0.10.2', 'v0.10.1', 'v0.9.2'])
  })

  it('contains a release once, however it is spelled', async () => {
    const aibrix = ['v0.6.0', 'v0.6.0-rc.1']
    expect(await tagsOf('0.6.0, v0.6.0, ~0.6', 'aibrix', aibrix)).toEqual(['0.6.0'])
    expect(await tagsOf('~0.6.0-0, !0.6.0rc1', 'aibrix', aibrix)).toEqual(['v0.6.0'])
    expect(await tagsOf('1.4.0-rc2, v1.4.0rc2', 'nixl', [])).toEqual(['1.4.0rc2'])
  })

  it('can be a branch or a commit of AIBrix, which "!" leaves out by its name', async () => {
    expect(await tagsOf('main, dev, !main', 'aibrix', [])).toEqual(['dev'])
  })

  it.each([
    ['v0.10.2, 0.9.2', 0],
    ['default', 0],
    ['v0.10.2, v0.9.2, !~0.9', 0],
    ['latest', 1],
    ['~0.10, latest-2, !~0.11', 1],
    ['v0.10.2, !latest', 1],
    ['v0.10.2, !v0.10.2', 1],
  ])('of "%s" needs the list %d times', async (text, expected) => {
    let asked = 0
    const releases = () => Promise.resolve(tags.slice(0, tags.length * ++asked))
    await selectFrom(text, 'engine', releases).catch((error: unknown) => {
      if (!(error instanceof UserError)) throw error
    })
    expect(asked).toBe(expected)
  })

  it('fails with the error of the list', async () => {
    const releases = () => Promise.reject(new UserError('The registry said 429.'))
    await expect(selectFrom('latest', 'engine', releases)).rejects.toThrow('The registry said 429.')
  })

  it.each([
    ['~0.12', 'versions: "~0.12" matches no version; the nearest are v0.11.0, v0.10.2, v0.10.1, v0.9.2.'],
    [
      'latest-ubuntu2404',
      'versions: "latest-ubuntu2404" matches no version; the nearest are v0.11.0, v0.10.2',
    ],
    ['v0.9.2, ~0.12', 'versions: "~0.12" matches no version'],
    [
      '~0.10, v0.9.2, !<0.11',
      'versions: nothing is left of "~0.10, v0.9.2" without "<0.11"; the nearest are v0.11.0.',
    ],
    ['main, !main', 'versions: nothing is left of "main" without "main"; git.example has none.', 'aibrix'],
  ] as const)('of "%s" is an error', async (text, message, product: Product = 'engine') => {
    await expect(select(text, product, product === 'engine' ? tags : [])).rejects.toThrow(message)
    await expect(select(text, product, product === 'engine' ? tags : [])).rejects.toThrow(UserError)
  })

  it('of nothing is an error', async () => {
    await expect(select('latest', 'engine', ['nightly'])).rejects.toThrow('; git.example has none.')
  })
})

describe.each(lists)('ranges over the real tags of $name', ({ product, tags, order }) => {
  const bound = fc.constantFrom(...order)
  const some = fc.shuffledSubarray(tags, { maxLength: Math.min(tags.length, 50) })
  const releases = tags.flatMap((tag) => parseRelease(product, tag) ?? [])
  /** Versions of which not only a variant exists */
  const plain = new Set(releases.filter(({ variant }) => variant === '').map(({ version }) => version))
  const isNamed = (version: string, named: string) =>
    !isPreRelease(version) ||
    (isPreRelease(named) && version.split(/rc|\.dev/)[0] === named.split(/rc|\.dev/)[0])

  it("with one bound match Python's order", async () => {
    const cuts: Record<string, (at: number) => string[]> = {
      '>=': (at) => order.slice(at),
      '>': (at) => order.slice(at + 1),
      '<=': (at) => order.slice(0, at + 1),
      '<': (at) => order.slice(0, at),
      '=': (at) => order.slice(at, at + 1),
    }
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...Object.keys(cuts)), bound, async (operator, version) => {
        const expected = cuts[operator]?.(order.indexOf(version)).filter((one) => isNamed(one, version)) ?? []
        expect(await versionsOf(`${operator}${version}`, product, tags)).toEqual(
          expected.filter((one) => plain.has(one)).reverse(),
        )
      }),
      { numRuns: 30 },
    )
  })

  const numbers = fc.constantFrom(
    ...order.flatMap((version) => /^\d+\.\d+\.\d+(?=$|rc)/.exec(version)?.[0] ?? []),
  )
  const partial = fc.oneof(
    numbers,
    numbers.map((version) => version.split('.').slice(0, 2).join('.')),
    numbers.map((version) => version.replace(/\d+$/, 'x')),
    numbers.map((version) => `${version}-rc.1`),
    numbers.map((version) => `${version}-0`),
    fc.constantFrom('0', '0.x', 'v0', '1', '*'),
  )
  const operator = fc.constantFrom('', '>', '>=', '<', '<=', '=', '~', '^')
  const bounded = fc.tuple(operator, partial).map((pair) => pair.join(''))
  const alternative = fc.oneof(
    fc.array(bounded, { minLength: 1, maxLength: 3 }).map((all) => all.join(' ')),
    fc.tuple(partial, partial).map((pair) => pair.join(' - ')),
  )
  const range = fc.array(alternative, { minLength: 1, maxLength: 3 }).map((all) => all.join(' || '))
  // Three numbers and no operator are an exact version, which need not exist.
  const isRange = (text: string) => !/^\d+\.\d+\.\d+(-rc\.1)?$/.test(text)

  it('select the same as semver for three numbers and candidates', async () => {
    const readable = order.filter((version) => /^\d+\.\d+\.\d+(rc\d+)?$/.test(version))
    const asTags = readable.map((version) => (product === 'engine' ? `v${version}` : version))
    await fc.assert(
      fc.asyncProperty(range.filter(isRange), async (text) => {
        // Semver takes "*" for all of "* || 1.0.0-rc.1"; here each alternative counts.
        const parts = text.split(' || ')
        const expected = readable.filter((version) =>
          parts.some((part) => semver.satisfies(version.replace('rc', '-rc.'), part)),
        )
        expect(await versionsOf(text, product, asTags)).toEqual(expected.reverse())
      }),
      { numRuns: 40 },
    )
  })

  it('joined by || select what each selects', async () => {
    const tame = alternative.filter(isRange).filter((text) => !/^[<>]=?[^ ]*$/.test(text))
    await fc.assert(
      fc.asyncProperty(tame, tame, some, async (left, right, list) => {
        const joined = await versionsOf(`${left} || ${right}`, product, list)
        const single = [await versionsOf(left, product, list), await versionsOf(right, product, list)]
        expect(new Set(joined)).toEqual(new Set(single.flat()))
      }),
      { numRuns: 40 },
    )
  })

  it('joined by a space select what both select, apart from pre-releases', async () => {
    const one = bounded.filter(isRange)
    await fc.assert(
      fc.asyncProperty(one, one, some, async (left, right, list) => {
        const stable = async (text: string) =>
          (await versionsOf(text, product, list)).filter((version) => !isPreRelease(version))
        const inRight = new Set(await stable(right))
        expect(await stable(`${left} ${right}`)).toEqual(
          (await stable(left)).filter((version) => inRight.has(version)),
        )
      }),
      { numRuns: 40 },
    )
  })

  const selector = fc.oneof(
    range,
    fc.constantFrom('default', 'latest', 'latest-2', 'latest-5', '>=0.5.1.post1', '~0.9.0.1', 'v0.10.2'),
    fc.constantFrom(...tags.filter((tag) => !('invalid' in parseSelectors(tag, product)))),
    ...(product === 'engine'
      ? [fc.constantFrom('latest-cu129', 'latest-2-cu129', '0.x-cu129', '>=0.5-cu130')]
      : []),
  )
  const written = fc
    .tuple(fc.array(selector, { minLength: 1, maxLength: 3 }), fc.array(selector, { maxLength: 2 }))
    .map(([include, exclude]) => [...include, ...exclude.map((one) => `!${one}`)].join(', '))
    .filter((text) => !('invalid' in parseSelectors(text, product)))

  it('do not depend on the order of the tags, and select none twice', async () => {
    await fc.assert(
      fc.asyncProperty(written, some, async (text, list) => {
        const answer = (given: readonly string[]) =>
          select(text, product, given).catch((error: unknown) => error)
        const selected = await answer(list)
        expect(await answer([...list].sort().concat(list))).toEqual(selected)
        if (!Array.isArray(selected)) return expect(selected).toBeInstanceOf(UserError)
        const versions = (selected as Selected[]).map(({ tag }) => tag.replace(/^v/, ''))
        expect(new Set(versions).size).toBe(versions.length)
      }),
      { numRuns: 40 },
    )
  })

  it('select no variant, no architecture and nothing but what exists', async () => {
    await fc.assert(
      fc.asyncProperty(range.filter(isRange), some, async (text, list) => {
        const plain = list
          .flatMap((tag) => parseRelease(product, tag) ?? [])
          .filter(({ variant }) => variant === '')
          .map(({ tag }) => tag)
        for (const tag of await tagsOf(text, product, list).catch(noneOnUserError))
          expect(plain).toContain(tag)
      }),
      { numRuns: 40 },
    )
  })

  it('leave out nothing without "!"', async () => {
    const one = range.filter(isRange)
    await fc.assert(
      fc.asyncProperty(one, one, some, async (wanted, unwanted, list) => {
        const without = new Set(await versionsOf(unwanted, product, list))
        const expected = (await versionsOf(wanted, product, list)).filter((version) => !without.has(version))
        expect(await versionsOf(`${wanted}, !${unwanted}`, product, list)).toEqual(expected)
      }),
      { numRuns: 40 },
    )
  })

  it('and latest-N select the newest of N distinct minor lines', async () => {
    const stable = (await versionsOf('*', product, tags)).filter((version) => !isPreRelease(version))
    const lines = [...new Set(stable.map(minorLineOf))]
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 99 }), async (count) => {
        const selected = await versionsOf(`latest-${count}`, product, tags)
        expect(selected.map(minorLineOf)).toEqual(lines.slice(0, count))
        for (const version of selected)
          expect(stable.find((one) => minorLineOf(one) === minorLineOf(version))).toBe(version)
      }),
      { numRuns: 15 },
    )
    expect(await versionsOf('latest', product, tags)).toEqual(stable.slice(0, 1))
  })
})

describe('a hostile selector', () => {
  const pieces = [
    '0',
    '0.',
    '0.10',
    '0.10.1',
    '9'.repeat(15),
    'x',
    '*',
    'v',
    '-cu129',
    '-rc.1',
    'rc1',
    '.post1',
    '.dev0',
    '-0',
    '-',
    '!',
    '>',
    '>=',
    '<',
    '~',
    '^',
    '=',
    '||',
    ' ',
    ' - ',
    ',',
    'latest',
    '-2',
    'main',
    'default',
  ]
  const written = [
    '~0.10',
    '>=0.5 <0.12',
    '0.9 - 0.10.1',
    '0.x || ^1',
    'v0.5.5.post3',
    'latest-2',
    '*, !~0.10',
    'main',
  ]
  /** One edit away from a selector. */
  const hostile = fc
    .tuple(fc.constantFrom(...written), fc.constantFrom(...pieces), fc.nat({ max: 14 }), fc.nat({ max: 2 }))
    .map(([text, piece, at, cut]) => text.slice(0, at) + piece + text.slice(at + cut))

  it.each(lists)('is refused, selects, or is an error for the user: $name', async ({ product, tags }) => {
    let read = 0
    await fc.assert(
      fc.asyncProperty(hostile, async (text) => {
        const selectors = parseSelectors(text, product)
        if ('invalid' in selectors) return
        read++
        const releases = () => Promise.resolve(tags)
        const world = {
          input: 'versions',
          none: 'git.example has none',
          product,
          current: currents[product],
          releases,
        }
        const selected = await selectVersions(selectors, world).catch((error: unknown) => error)
        if (Array.isArray(selected)) expect(selected.length).toBeGreaterThan(0)
        else expect(selected).toBeInstanceOf(UserError)
      }),
      { numRuns: 250 },
    )
    expect(read).toBeGreaterThan(0)
  })

  const fill = (piece: (index: number) => string, separator: string, length: number) => {
    let text = piece(0)
    for (let index = 1; text.length + separator.length + piece(index).length <= length; index++)
      text += separator + piece(index)
    return text
  }

  it.each([
    ['many ranges', fill((index) => `~0.${index}`, ', !', 2048)],
    ['many bounds', fill((index) => `<9.${index}`, ' ', 250)],
    ['many alternatives', fill((index) => `>${index + 1}`, '||', 250)],
    ['many lines', fill((index) => `latest-${(index % 99) + 1}`, ',', 2048)],
    ['many suffixes', fill((index) => `=0.5.5.post${index}||*`, ',', 2048)],
    ['many variants', `~0.20${'-cu129'.repeat(40)}`],
  ])(
    'with %s takes less than 5 seconds of work among 10,000 tags',
    async (_, text) => {
      const more = Array.from(
        { length: 2000 },
        (__, index) => `v0.${index % 50}.${index % 7}${index % 3 ? '-cu129' : ''}`,
      )
      const nightlies = Array.from({ length: 8000 }, (__, index) => `nightly-${index}`)
      const began = process.cpuUsage()
      await versionsOf(text, 'engine', [...more, ...nightlies])
      expect(process.cpuUsage(began).user).toBeLessThan(5_000_000)
    },
    30_000,
  )
})
