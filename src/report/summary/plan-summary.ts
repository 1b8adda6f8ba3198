import { pendingLegs, pendingLegsOf, type Plan, type PlannedImage } from '../../plan/index.ts'
import type { Retried } from '../../system/index.ts'
import { listed } from '../../text.ts'
import { fit, type Part, section, summaryLimit } from '../fit.ts'
import {
  alert,
  bullets,
  code,
  codeBlock,
  counted,
  escaped,
  folded,
  shortDigest,
  wrappingTable,
} from '../markdown.ts'
import { boldTitles, type TitleOf, titlesOf } from '../titles.ts'
import { engineParts, type Fate, fateOf, fates } from './plan-images.ts'
import { excludedPart, retriesPart } from './problems-part.ts'

function headingOf({ images, excluded }: Plan, legs: number): string {
  const counts = (Object.keys(fates) as Fate[])
    .map((fate) => ({ fate, count: images.filter((image) => fateOf(image) === fate).length }))
    .filter(({ count }) => count > 0)
    .map(({ fate, count }) => fates[fate].replace(' ', ` ${count} `))
  const line = [...counts, ...(excluded.length === 0 ? [] : [`🚫 ${excluded.length} excluded`])].join(' · ')
  const verdict = legs === 0 ? 'nothing to build' : `${counted(legs, 'leg')} to build`
  return `## 📋 Plan for ${counted(images.length, 'image')}: ${verdict}${line === '' ? '' : `\n\n${line}`}`
}

/** The selectors of each image, if there are several. */
function choicePart(images: readonly PlannedImage[], titleOf: TitleOf): Part[] {
  const groups = [...Map.groupBy(images, ({ why }) => why)]
  if (groups.length < 2) return []
  const lines = groups.map(
    ([why, group]) => `${boldTitles(group.map((image) => titleOf(image)))}: ${code(why, 600)}`,
  )
  return section('### Chosen by', bullets(lines), lines.length, 'selectors', images.length)
}

function notes({ images, publicTags }: Plan, warnings: readonly string[]): Part[] {
  const [why, ...others] = new Set(images.map((image) => image.why))
  const lines: string[] = []
  if (why !== undefined && others.length === 0) lines.push(`Chosen by ${code(why, 600)}`)
  if (images.some((image) => fateOf(image) === 'undecided'))
    lines.push('❔ Depends on the base image; decided before compiling.')
  if (publicTags === 'ignore')
    lines.push(alert('NOTE', ['Nothing is pushed: the images are built and verified, and get no tags.']))
  if (publicTags === 'overwrite')
    lines.push(alert('WARNING', ['Tags of other images are overwritten (`overwrite-tags: true`).']))
  const movable = [...new Set(images.flatMap(({ overwritable = [] }) => overwritable))]
  if (movable.length > 0) {
    const names = listed(movable.map((tag) => code(tag)))
    lines.push(alert('NOTE', [`Moved if it names a different image (\`overwrite-tags\`): ${names}`]))
  }
  if (warnings.length > 0) lines.push(alert('WARNING', warnings))
  return lines.map((text) => ({ text }))
}

/** The legs of the output matrix. */
function legPart(plan: Plan, titleOf: TitleOf): Part[] {
  const rows = plan.images.flatMap((image) =>
    pendingLegsOf(image).map((leg) => [
      escaped(titleOf(image), 120),
      escaped(leg.platform, 40),
      code(leg.id),
      code(leg.buildId.slice(0, 12)),
      shortDigest(leg.base.digest),
    ]),
  )
  if (rows.length === 0) return []
  const text = wrappingTable(['Image', 'Platform', 'Leg', 'Build id', 'Base'], rows)
  return [{ text: folded(`${counted(rows.length, 'leg')} in the output matrix`, text), drop: 'legs' }]
}

/** The commands for other runners. */
function usePart(plan: Plan, reference: string | undefined, titleOf: TitleOf): Part[] {
  if (plan.images.every((image) => fateOf(image) === 'unchanged')) return []
  const source = reference ?? '<the file in the output plan, passed on as an artifact>'
  const legs = legPart(plan, titleOf)
  const build = `# one job per leg of the output matrix\ncommand: build\nplan: ${source}\nleg: \${{ matrix.leg }}`
  const promote = `# after all of them\ncommand: promote\nplan: ${source}`
  const jobs = [...(legs.length === 0 ? [] : [build]), ...(plan.publicTags === 'ignore' ? [] : [promote])]
  return [{ text: '### Run this plan' }, { text: codeBlock(jobs.join('\n\n'), 'yaml') }, ...legs]
}

/**
 * The job summary of `command: plan`, as Markdown.
 * @param reference of the plan in the cache repository; undefined if it could not be stored there
 * @param limit bytes
 * @param warnings sentences
 */
export function renderPlanSummary(
  plan: Plan,
  reference: string | undefined,
  limit = summaryLimit,
  retried: readonly Retried[] = [],
  warnings: readonly string[] = [],
): string {
  const { images } = plan
  const titleOf = titlesOf(images)
  const legs = pendingLegs(plan).length
  return fit(
    (cell) => [
      { text: headingOf(plan, legs) },
      ...notes(plan, warnings),
      ...engineParts(images),
      ...choicePart(images, titleOf),
      ...excludedPart(plan.excluded, cell),
      ...usePart(plan, reference, titleOf),
      ...retriesPart(retried, cell),
    ],
    limit,
  )
}
