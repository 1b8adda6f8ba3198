import type { Retried } from '../../system/index.ts'
import {
  engines,
  pendingLegs,
  pendingLegsOf,
  type Plan,
  type PlannedImage,
  publicTagsOf,
  refInTag,
} from '../../plan/index.ts'
import { familiarRepository } from '../../registry/index.ts'
import { causeInWords } from './cause-words.ts'
import { fit, type Part, summaryLimit } from '../fit.ts'
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
import { excludedPart } from './problems-part.ts'
import { retriesPart } from './retries-part.ts'
import { many, named, type TitleOf, titlesOf } from '../titles.ts'

/** What would happen to an image. */
const fates = {
  build: '🔨 to build',
  undecided: '❔ to build if its base allows it',
  promote: '🏷️ to promote only',
  unchanged: '✅ unchanged',
} as const

type Fate = keyof typeof fates

function fateOf(image: PlannedImage): Fate {
  const legs = pendingLegsOf(image)
  if (legs.some(({ feasibility }) => feasibility === 'unknown')) return 'undecided'
  if (legs.length > 0) return 'build'
  return image.published.kind === 'same' && image.published.missingTags.length === 0 ? 'unchanged' : 'promote'
}

/** @returns `🔨 build 1 of 2 legs, forced` */
function whatHappens(image: PlannedImage): string {
  const legs = pendingLegsOf(image)
  const all = image.legs.length
  const some = all === 1 ? '' : legs.length === all ? ` ${all} legs` : ` ${legs.length} of ${all} legs`
  const forced = legs.some(({ feasibility }) => feasibility === 'forced') ? ', forced' : ''
  switch (fateOf(image)) {
    case 'build':
      return `🔨 build${some}${forced}`
    case 'undecided':
      return `❔ build${some}, if its base allows it${forced}`
    case 'promote':
      return image.published.kind === 'same'
        ? `🏷️ add ${counted(image.published.missingTags.length, 'tag')}`
        : '🏷️ promote only'
    case 'unchanged':
      return '✅ unchanged'
  }
}

/** The tags that it has when the plan is carried out. */
function publicNames({ tags, published }: PlannedImage): string[] {
  return published.kind === 'same' ? publicTagsOf(tags, published) : tags
}

/** @param platforms whether they are worth a column */
function imageTable(images: readonly PlannedImage[], platforms: boolean): string {
  const rows = images.map((image) => [
    `**${escaped(image.version.tag, 80)}**`,
    escaped(refInTag(image.legs[0].aibrix), 80),
    escaped(image.legs[0].nixl, 40),
    ...(platforms ? [image.legs.map(({ platform }) => escaped(platform, 40)).join('<br>')] : []),
    whatHappens(image),
    escaped(causeInWords(image), 400),
    publicNames(image)
      .map((tag) => code(tag))
      .join('<br>'),
  ])
  const head = [
    'Version',
    'AIBrix',
    'NIXL',
    ...(platforms ? ['Platforms'] : []),
    'What happens',
    'Why',
    'Tags',
  ]
  return wrappingTable(head, rows)
}

/** One table for each engine; where much is unchanged, that is folded. */
function engineParts(images: readonly PlannedImage[], platforms: boolean): Part[] {
  const groups = Map.groupBy(
    images,
    ({ engine, repository }) => `### ${engines[engine].title} → ${code(familiarRepository(repository))}`,
  )
  return [...groups].flatMap(([heading, group]) => {
    const unchanged = group.filter((image) => fateOf(image) === 'unchanged')
    if (unchanged.length < many) return [{ text: heading }, { text: imageTable(group, platforms) }]
    const others = group.filter((image) => fateOf(image) !== 'unchanged')
    return [
      { text: heading },
      ...(others.length === 0 ? [] : [{ text: imageTable(others, platforms) }]),
      {
        text: folded(`✅ ${counted(unchanged.length, 'image')} unchanged`, imageTable(unchanged, platforms)),
        drop: 'unchanged images',
      },
    ]
  })
}

function headingOf({ images, excluded }: Plan, legs: number): string {
  const counts = (Object.keys(fates) as Fate[])
    .map((fate) => ({ fate, count: images.filter((image) => fateOf(image) === fate).length }))
    .filter(({ count }) => count > 0)
    .map(({ fate, count }) => fates[fate].replace(' ', ` ${count} `))
  const line = [...counts, ...(excluded.length === 0 ? [] : [`🚫 ${excluded.length} excluded`])].join(' · ')
  const verdict = legs === 0 ? 'nothing to build' : `${counted(legs, 'leg')} to build`
  return `## 📋 Plan for ${counted(images.length, 'image')}: ${verdict}${line === '' ? '' : `\n\n${line}`}`
}

/** Which selectors chose which images, where that is not the same for all. */
function choicePart(images: readonly PlannedImage[], titleOf: TitleOf): Part[] {
  const groups = [...Map.groupBy(images, ({ why }) => why)]
  if (groups.length < 2) return []
  const lines = groups.map(
    ([why, group]) => `${named(group.map((image) => titleOf(image)))}: ${code(why, 600)}`,
  )
  const text = bullets(lines)
  const heading = { text: '### Chosen by' }
  if (lines.length < many) return [heading, { text }]
  return [heading, { text: folded(counted(images.length, 'image'), text), drop: 'selectors' }]
}

function notes({ images, publicTags }: Plan, warnings: readonly string[]): Part[] {
  const why = [...new Set(images.map((image) => image.why))]
  const undecided = images.some((image) => fateOf(image) === 'undecided')
  return [
    ...(why.length === 1 ? [{ text: `Chosen by ${code(why[0] ?? '', 600)}` }] : []),
    ...(undecided ? [{ text: '❔ is decided by the facts of the base, before anything is compiled.' }] : []),
    ...(publicTags === 'ignore'
      ? [{ text: alert('NOTE', ['Nothing is pushed: the images are built and verified, and get no tags.']) }]
      : []),
    ...(publicTags === 'overwrite'
      ? [{ text: alert('WARNING', ['Tags that name other images are taken over (overwrite-tags: true).']) }]
      : []),
    ...(warnings.length === 0 ? [] : [{ text: alert('WARNING', warnings) }]),
  ]
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

/** How other runners carry the plan out. */
function usePart(plan: Plan, reference: string | undefined, titleOf: TitleOf): Part[] {
  if (plan.images.every((image) => fateOf(image) === 'unchanged')) return []
  const plain = reference ?? '<the file of the output plan, handed on as an artifact>'
  const legs = legPart(plan, titleOf)
  const jobs = [
    ...(legs.length === 0
      ? []
      : [
          `# a job for each leg of the output matrix\ncommand: build\nplan: ${plain}\nleg: \${{ matrix.leg }}`,
        ]),
    ...(plan.publicTags === 'ignore' ? [] : [`# when they are done\ncommand: promote\nplan: ${plain}`]),
  ]
  return [{ text: '### Carry it out' }, { text: codeBlock(jobs.join('\n\n'), 'yaml') }, ...legs]
}

/**
 * The job summary of `command: plan`, as Markdown: each image with what would happen to it.
 * @param reference of the plan in the cache repository; undefined where it could not be stored there
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
  const platforms = images.some(({ legs }) => legs.some(({ platform }) => platform !== 'linux/amd64'))
  const titleOf = titlesOf(images)
  const legs = pendingLegs(plan).length
  return fit(
    (cell) => [
      { text: headingOf(plan, legs) },
      ...notes(plan, warnings),
      ...engineParts(images, platforms),
      ...choicePart(images, titleOf),
      ...excludedPart(plan.excluded, cell),
      ...usePart(plan, reference, titleOf),
      ...retriesPart(retried, cell),
    ],
    limit,
  )
}
