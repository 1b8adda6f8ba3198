import { counted, escaped } from '../markdown.ts'
import {
  type ImageOutcome,
  isUnverified,
  legDigest,
  type LegOutcome,
  mirrorsOf,
  type Run,
  tagNames,
} from '../outcome.ts'
import { titledLegs, type TitleOf } from '../titles.ts'

/** How an image, or for `command: build` a leg, ended, in the order of the heading. */
const fates = {
  failed: 'failed',
  published: 'published',
  mirrored: 'mirrored',
  unchanged: 'unchanged',
  staged: 'verified and staged',
  pending: 'verified',
  unpushed: 'built and verified, not pushed',
  unverified: 'built, neither verified nor pushed',
  skipped: 'not started',
} as const

type Fate = keyof typeof fates
type Item = { title: string; fate: Fate }

const order = Object.keys(fates) as Fate[]

/** Something that was requested was not done. */
const bad: readonly Fate[] = ['failed', 'pending', 'skipped']

/** What follows if this is the only fate. */
const afterwards: Partial<Record<Fate, string>> = {
  mirrored: ', nothing to build',
  unchanged: ', nothing to build',
  staged: ', to be published by promote',
}

function fateOfImage(outcome: ImageOutcome): Fate {
  const { state, legs } = outcome
  if (state === 'unchanged' && isNewlyMirrored(outcome)) return 'mirrored'
  if (state === 'built') return isUnverified(legs) ? 'unverified' : 'unpushed'
  return state === 'staged' ? 'pending' : state
}

/** This run added tags in mirrors, and they lack none now. */
function isNewlyMirrored(outcome: ImageOutcome): boolean {
  const mirrors = mirrorsOf(outcome)
  const lacksNone = mirrors.every(({ tags }) => tagNames(outcome).every((tag) => tags.includes(tag)))
  return lacksNone && mirrors.some(({ added }) => added.length > 0)
}

function fateOfLeg(image: ImageOutcome, leg: LegOutcome): Fate {
  if (leg.state === 'failed' || leg.state === 'skipped') return leg.state
  if (image.state === 'unchanged') return 'unchanged'
  if (leg.state !== 'built' || legDigest(image, leg) !== undefined) return 'staged'
  return isUnverified([leg]) ? 'unverified' : 'unpushed'
}

function itemsOf({ command, outcomes }: Run, titleOf: TitleOf): Item[] {
  if (command !== 'build')
    return outcomes.map((outcome) => ({ title: titleOf(outcome.image), fate: fateOfImage(outcome) }))
  return titledLegs(outcomes, titleOf).map(({ title, image, outcome }) => ({
    title,
    fate: fateOfLeg(image, outcome),
  }))
}

/** False if a tag may exist: after an aborted promotion, or from before. */
function hasNoTag({ outcomes, error }: Run): boolean {
  const without = ({ state, legs, image: { published } }: ImageOutcome): boolean =>
    state === 'failed'
      ? legs.some((leg) => leg.state === 'failed')
      : state !== 'published' && state !== 'unchanged' && published.kind === 'absent'
  return error === undefined && outcomes.every(without)
}

function verdict(run: Run, items: readonly Item[]): string {
  const all = counted(items.length, run.command === 'build' ? 'leg' : 'image')
  const counts = order
    .map((fate) => ({ fate, count: items.filter((item) => item.fate === fate).length }))
    .filter(({ count }) => count > 0)
  const listed = (some: typeof counts): string =>
    some.map(({ fate, count }) => `${count} ${fates[fate]}`).join(', ')
  const [first, ...more] = counts
  if (!first) return all
  if (run.error !== undefined && first.fate !== 'failed') return `The run failed: ${all}, ${listed(counts)}`
  if (more.length > 0)
    return first.fate === 'failed'
      ? `${first.count} of ${all} failed, ${listed(more)}`
      : `${all}: ${listed(counts)}`
  const subject = items.length === 1 ? escaped(items[0]?.title ?? all, 120) : all
  return `${subject} ${fates[first.fate]}${afterwards[first.fate] ?? ''}`
}

/** The result of a run in one line: green only if everything that was requested is done. */
export function headingOf(run: Run, titleOf: TitleOf): string {
  const items = itemsOf(run, titleOf)
  const excluded = run.excluded.length === 0 ? '' : `, ${run.excluded.length} excluded`
  if (items.length === 0) {
    if (run.error !== undefined) return '❌ The run failed'
    return excluded === '' ? '✅ Nothing to do' : `⚠️ Nothing to do${excluded}`
  }
  const red = run.error !== undefined || items.some(({ fate }) => bad.includes(fate))
  const noTag = red && run.command !== 'build' && hasNoTag(run) ? ', no tag was published' : ''
  return `${red ? '❌' : '✅'} ${verdict(run, items)}${noTag}${excluded}`
}
