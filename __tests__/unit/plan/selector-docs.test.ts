import { describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { UserError } from '../../../src/errors.ts'
import type { Product } from '../../../src/plan/versions/release.ts'
import { selectVersions } from '../../../src/plan/versions/select.ts'
import { parseSelectors } from '../../../src/plan/versions/selector.ts'

const page = readFileSync(new URL('../../../docs/versions.md', import.meta.url), 'utf8')

/** `<!-- examples product current -->`, a block of tags, a table of selectors and results */
const section = /<!-- examples (engine|aibrix|nixl) (\S+) -->\s+```\n([^`]+)```\s+((?:\|.*\n)+)/g

const products: Product[] = ['engine', 'aibrix', 'nixl']

/** The cells of a row, without the `|` around them; one inside is written `\\|`. */
function cellsOf(row: string): string[] {
  return row
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll('\\|', '|'))
}

function codesOf(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].flatMap(([, code]) => code ?? [])
}

const examples = [...page.matchAll(section)].flatMap(([, name, current = '', block = '', table = '']) => {
  const product = products.find((candidate) => candidate === name) ?? 'engine'
  const rows = table.trim().split('\n').slice(2)
  return rows.map((row) => {
    const [selectors = '', gives = ''] = cellsOf(row)
    const world = {
      input: 'versions',
      none: 'there is none',
      product,
      current,
      tags: block.trim().split(/\s+/),
    }
    return {
      text: codesOf(selectors).join(),
      tags: codesOf(gives),
      fails: gives.startsWith('error'),
      world,
    }
  })
})

async function answer({ text, world }: (typeof examples)[number]): Promise<string[] | string> {
  const selectors = parseSelectors(text, world.product)
  if ('invalid' in selectors) return `${selectors.invalid} is not allowed; use ${selectors.allowed}`
  try {
    const selected = await selectVersions(selectors, {
      ...world,
      releases: () => Promise.resolve(world.tags),
    })
    return selected.map(({ tag }) => tag)
  } catch (error) {
    if (error instanceof UserError) return error.message
    throw error
  }
}

describe('the examples of docs/versions.md', () => {
  it('are found on the page, for each product', () => {
    for (const product of products)
      expect(examples.filter(({ world }) => world.product === product).length).toBeGreaterThan(9)
  })

  it.each(examples.filter(({ fails }) => !fails))('$text gives $tags', async (example) => {
    expect(await answer(example)).toEqual(example.tags)
  })

  it.each(examples.filter(({ fails }) => fails))('$text is an error', async (example) => {
    const message = await answer(example)
    expect(typeof message).toBe('string')
    expect(message).toContain(example.tags.join(', '))
  })
})

describe('the ranges of docs/versions.md', () => {
  const [, table = ''] = /<!-- ranges -->\s+((?:\|.*\n)+)/.exec(page) ?? []
  const rows = table.trim().split('\n').slice(2).map(cellsOf)
  const ranges = rows.flatMap(([texts = '', , has = '', hasNot = '']) =>
    codesOf(texts).map((text) => ({ text, has: codesOf(has), hasNot: codesOf(hasNot) })),
  )

  it('are found on the page', () => {
    expect(ranges.length).toBeGreaterThan(20)
  })

  it.each(ranges)('$text has $has, but not $hasNot', async ({ text, has, hasNot }) => {
    expect([has.length, hasNot.length]).not.toContain(0)
    const world = {
      product: 'nixl' as const,
      input: 'versions',
      none: 'there is none',
      current: '',
      tags: [...has, ...hasNot],
    }
    const found = await answer({ text, world, tags: [], fails: false })
    expect(new Set(found)).toEqual(new Set(has))
  })
})
