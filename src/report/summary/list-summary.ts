import type { Behind, Inventory, ListedImage } from '../../inventory/index.ts'
import { engines } from '../../plan/index.ts'
import { familiarRepository, parseRepository } from '../../registry/index.ts'
import type { Retried } from '../../system/index.ts'
import { listed } from '../../text.ts'
import { fit, many, type Part, summaryLimit } from '../fit.ts'
import { alert, bullets, code, counted, escaped, folded, none, table } from '../markdown.ts'
import { listDetails } from './list-details.ts'
import { driverLine, imageTable, otherTable } from './list-rows.ts'
import { retriesPart } from './problems-part.ts'

/** Images of a list that get a row, the newest ones: more are of use to programs only */
const mostRows = 300

const names: Record<Behind['what'], string> = {
  vllm: engines.vllm.title,
  sglang: engines.sglang.title,
  aibrix: 'AIBrix',
  nixl: 'NIXL',
}

function headingOf({ images, repositories, where }: Inventory): string {
  const filter = where === '' ? '' : `\n\nListed: ${code(where, 300)}`
  const total = counted(images.length, 'image')
  return `## 🗂️ ${total} in ${listed(repositories.map(shortName))}${filter}`
}

function shortName(repository: string): string {
  return code(familiarRepository(parseRepository(repository)), 200)
}

function warningPart(warnings: readonly string[], limit: number): Part[] {
  if (warnings.length === 0) return []
  const lines = warnings.map((warning) => escaped(warning, limit))
  return [{ text: alert('WARNING', lines.slice(0, many)) }, ...restOf(lines.slice(many))]
}

function restOf(lines: readonly string[]): Part[] {
  if (lines.length === 0) return []
  return [{ text: folded(counted(lines.length, 'more warning'), bullets(lines)), drop: 'warnings' }]
}

/** A table for each repository; images of others are folded below it. */
function repositoryParts(repository: string, images: readonly ListedImage[]): Part[] {
  const own = images.filter(({ engine }) => engine !== null)
  const others = images.filter(({ engine }) => engine === null)
  const heading = { text: `### ${shortName(repository)}` }
  return [
    heading,
    ...(own.length === 0 ? [] : [{ text: imageTable(own) }]),
    ...(driverLine(own) === '' ? [] : [{ text: driverLine(own) }]),
    ...(others.length === 0
      ? []
      : [
          {
            text: folded(`${counted(others.length, 'image')} of others`, otherTable(others)),
            drop: 'images of others',
          },
        ]),
  ]
}

function rowParts({ images, repositories }: Inventory): Part[] {
  const shown = images.slice(0, mostRows)
  const rest = images.length - shown.length
  const groups = Map.groupBy(shown, ({ repository }) => repository)
  const note = `${counted(rest, 'older image')} ${rest === 1 ? 'is' : 'are'} only in the file of the output \`list-path\`.`
  return [
    ...repositories.flatMap((name) => {
      const some = groups.get(name)
      return some ? repositoryParts(name, some) : []
    }),
    ...(rest > 0 ? [{ text: alert('NOTE', [note]) }] : []),
  ]
}

/** Newer releases of one product that are named */
const mostReleases = 10

function behindPart(behind: readonly Behind[]): Part[] {
  if (behind.length === 0) return []
  const rows = behind.map(({ what, published, newer }) => [
    `**${names[what]}**`,
    published === null ? none : escaped(published, 80),
    listed(
      newer.map((version) => code(version, 80)),
      mostReleases,
    ),
  ])
  return [{ text: '### Behind upstream' }, { text: table(['', 'Newest published', 'Newer releases'], rows) }]
}

/**
 * The job summary of `command: list`, as Markdown.
 * @param limit bytes
 */
export function renderListSummary(
  inventory: Inventory,
  retried: readonly Retried[] = [],
  limit = summaryLimit,
): string {
  const shown = inventory.images.slice(0, mostRows)
  return fit(
    (cell) => [
      { text: headingOf(inventory) },
      ...warningPart(inventory.warnings, cell),
      ...behindPart(inventory.behind),
      ...rowParts(inventory),
      ...listDetails(shown, cell),
      ...retriesPart(retried, cell),
    ],
    limit,
  )
}
