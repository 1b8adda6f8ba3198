import { UserError } from '../../errors.ts'
import { nearestHint } from '../published/nearest.ts'
import { rangeTest } from './range.ts'
import {
  identityOf,
  isPreRelease,
  minorLineOf,
  parseRelease,
  type Product,
  type Release,
  releasesOf,
} from './release.ts'
import type { Selector, Selectors } from './selector.ts'

/** A version that was chosen. `why` is the selector; `matched` ones may turn out to be impossible, an `exact` one may not. */
export type Selected = { tag: string; why: string; wanted: 'exact' | 'matched' }

export type SelectWorld = {
  /** Name of the input, for messages: `versions` */
  input: string
  product: Product
  /** What `default` means */
  current: string
  /** What `base` means, where it means something */
  base?: string
  /** Where they are looked for, and what to check if there is none, for messages: `git.example has none; check aibrix-repository` */
  none: string
  /** All tags there are, in any order; asked at most once, and only if a selector needs the list */
  releases: () => Promise<readonly string[]>
}

/** That there is no version as it was asked for. That nobody could say which there are is another error. */
export class NoMatch extends UserError {
  override name = 'NoMatch'
}

/** What a selector chooses out of releases, which are sorted, the newest first. */
type Rule = { text: string; choose: (from: readonly Release[]) => Selected[] }

/**
 * Selectors → versions: in the order of the selectors, the newest first within one, none twice. What `!` leaves out counts as if
 * it did not exist: `latest, !v0.33.0` is the newest but v0.33.0.
 * @throws NoMatch with the nearest existing versions if a selector matches nothing, or nothing is left
 */
export async function selectVersions(selectors: Selectors, world: SelectWorld): Promise<Selected[]> {
  const include = await Promise.all(selectors.include.map((selector) => ruleOf(selector, world)))
  const exclude = await Promise.all(selectors.exclude.map((selector) => ruleOf(selector, world)))
  const tags = needsList(selectors) ? await world.releases() : undefined
  const all = releasesOf(world.product, tags ?? [])

  const identity = ({ tag }: { tag: string }) => identityOfTag(world.product, tag)
  const named = releasesOf(
    world.product,
    include.flatMap(({ choose }) => choose([])).map(({ tag }) => tag),
  )
  const leftOut = new Set(exclude.flatMap(({ choose }) => choose([...all, ...named])).map(identity))
  const isLeft = (one: { tag: string }) => !leftOut.has(identity(one))
  const left = all.filter(isLeft)

  const chosen = new Map<string, Selected>()
  for (const { text, choose } of include) {
    const found = choose(left).filter(isLeft)
    if (found.length === 0 && choose(all).length === 0)
      throw new NoMatch(`${world.input}: "${text}" matches no version${hint(world, text, tags ?? [])}`)
    for (const one of found) if (chosen.get(identity(one))?.wanted !== 'exact') chosen.set(identity(one), one)
  }
  if (chosen.size > 0) return [...chosen.values()]
  const asked = include.map(({ text }) => text).join(', ')
  const without = exclude.map(({ text }) => text).join(', ')
  const others = (tags ?? (await world.releases())).filter((tag) => isLeft({ tag }))
  throw new NoMatch(
    `${world.input}: nothing is left of "${asked}" without "${without}"${hint(world, asked, others)}`,
  )
}

function needsList({ include, exclude }: Selectors): boolean {
  return [...include, ...exclude.filter(({ kind }) => kind !== 'range')].some(
    ({ kind }) => kind === 'latest' || kind === 'range',
  )
}

async function ruleOf(selector: Selector, world: SelectWorld): Promise<Rule> {
  const { text } = selector
  const exactly = (tag: string): Rule => ({ text, choose: () => [{ tag, why: text, wanted: 'exact' }] })
  const matching = (choose: (from: readonly Release[]) => Release[]): Rule => ({
    text,
    choose: (from) => choose(from).map(({ tag }) => ({ tag, why: text, wanted: 'matched' })),
  })
  switch (selector.kind) {
    case 'exact':
      return exactly(selector.tag)
    case 'default':
      return exactly(world.current)
    case 'base':
      return exactly(world.base ?? text)
    case 'latest':
      return matching((from) => newestOfLines(from, selector.variant).slice(0, selector.lines))
    case 'range': {
      const isIn = await rangeTest(selector.range)
      return matching((from) =>
        from.filter(({ version, variant }) => variant === selector.variant && isIn(version)),
      )
    }
  }
}

/** The newest release of each minor line, without pre-releases. */
function newestOfLines(releases: readonly Release[], variant: string): Release[] {
  const lines = new Map<string, Release>()
  for (const release of releases) {
    if (release.variant !== variant || isPreRelease(release.version)) continue
    const line = minorLineOf(release.version)
    if (!lines.has(line)) lines.set(line, release)
  }
  return [...lines.values()]
}

/** A branch or a commit is no release: only its name says what it is. */
function identityOfTag(product: Product, tag: string): string {
  const release = parseRelease(product, tag)
  return release ? identityOf(release) : tag
}

function hint({ product, none }: SelectWorld, text: string, tags: readonly string[]): string {
  return `; ${nearestHint(product, text, tags) ?? none}.`
}
