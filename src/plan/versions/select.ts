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

/** A chosen version, by the selector `why`. Only a `matched` one may turn out to be impossible. */
export type Selected = { tag: string; why: string; wanted: 'exact' | 'matched' }

/** The versions of a product, and what its selectors mean. */
export type VersionList = {
  /** Name of the input, for messages: `versions` */
  input: string
  product: Product
  current: string
  /** What `base` means, if anything */
  base?: string
  /** What to report if there is no version: `git.example has none; check aibrix-repository` */
  none: string
  /** All tags, in any order; called only if a selector needs the list */
  releases: () => Promise<readonly string[]>
}

/** The requested version does not exist. A failure to list the versions is another error. */
export class NoMatch extends UserError {
  override name = 'NoMatch'
}

/** What a selector chooses from releases, which are sorted newest first. */
type Rule = { text: string; choose: (from: readonly Release[]) => Selected[] }

/**
 * Turns selectors into distinct versions, in the order of the selectors, newest first within one.
 * What `!` leaves out counts as missing: `latest, !v0.33.0` is the newest but v0.33.0.
 * @throws NoMatch with the nearest existing versions if a selector matches nothing, or nothing is
 * left
 */
export async function selectVersions(selectors: Selectors, list: VersionList): Promise<Selected[]> {
  const include = await Promise.all(selectors.include.map((selector) => ruleOf(selector, list)))
  const exclude = await Promise.all(selectors.exclude.map((selector) => ruleOf(selector, list)))
  const isListed =
    selectors.include.some(({ kind }) => kind === 'range') ||
    [...selectors.include, ...selectors.exclude].some(({ kind }) => kind === 'latest')
  const tags = isListed ? await list.releases() : undefined
  const all = releasesOf(list.product, tags ?? [])

  // A branch or a commit is not a release, so its name identifies it.
  const identity = ({ tag }: { tag: string }) => {
    const release = parseRelease(list.product, tag)
    return release ? identityOf(release) : tag
  }
  const exact = releasesOf(
    list.product,
    include.flatMap(({ choose }) => choose([])).map(({ tag }) => tag),
  )
  const leftOut = new Set(exclude.flatMap(({ choose }) => choose([...all, ...exact])).map(identity))
  const isLeft = (one: { tag: string }) => !leftOut.has(identity(one))
  const left = all.filter(isLeft)

  const chosen = new Map<string, Selected>()
  for (const { text, choose } of include) {
    const found = choose(left).filter(isLeft)
    if (found.length === 0 && choose(all).length === 0)
      throw new NoMatch(`${list.input}: "${text}" matches no version${hint(list, text, tags ?? [])}`)
    for (const one of found) if (chosen.get(identity(one))?.wanted !== 'exact') chosen.set(identity(one), one)
  }
  if (chosen.size > 0) return [...chosen.values()]
  const asked = include.map(({ text }) => text).join(', ')
  const without = exclude.map(({ text }) => text).join(', ')
  const others = (tags ?? (await list.releases())).filter((tag) => isLeft({ tag }))
  throw new NoMatch(
    `${list.input}: nothing is left of "${asked}" without "${without}"${hint(list, asked, others)}`,
  )
}

async function ruleOf(selector: Selector, list: VersionList): Promise<Rule> {
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
      return exactly(list.current)
    case 'base':
      return exactly(list.base ?? text)
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
  const stable = releases.filter((one) => one.variant === variant && !isPreRelease(one.version))
  const lines = Map.groupBy(stable, ({ version }) => minorLineOf(version))
  return [...lines.values()].flatMap(([newest]) => newest ?? [])
}

function hint({ product, none }: VersionList, text: string, tags: readonly string[]): string {
  return `; ${nearestHint(product, text, tags) ?? none}.`
}
