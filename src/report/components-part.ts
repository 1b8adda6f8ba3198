import { engines } from '../plan/engine.ts'
import type { ComponentName } from '../verify/components.ts'
import { humanBytes } from '../verify/size.ts'
import type { LegReport } from './leg-report.ts'
import { escaped, none, table } from './markdown.ts'
import type { ImageOutcome } from './outcome.ts'
import { titledLegs, type TitledLeg, type TitleOf } from './titles.ts'

const titles: readonly [ComponentName, string][] = [
  ['engine', 'Engine version'],
  ['cuda', 'CUDA'],
  ['torch', 'Torch version'],
  ['python', 'Python'],
  ['aibrix_kvcache', 'aibrix_kvcache'],
  ['nixl', 'NIXL / CUDA plugin'],
  ['ucx', 'UCX'],
]

/** The names of `componentCells`. */
export const componentTitles: readonly string[] = titles.map(([, title]) => title)

/** With more images than this, each is a row and not a column: a page grows downwards. */
const mostColumns = 4

/** Versions as their projects write them: the engines and AIBrix with a `v`. */
function shownVersion(name: ComponentName, version: string): string {
  const written = name === 'engine' || name === 'aibrix_kvcache' ? version.replace(/^v?/, 'v') : version
  return escaped(written, 80)
}

/** What was measured, and what was declared where that is something else. */
function componentCell(report: LegReport | undefined, name: ComponentName): string {
  const component = report?.components.find((candidate) => candidate.name === name)
  if (!component) return none
  const { declared, measured, agrees } = component
  const plugin = name === 'nixl' && report?.nixlPlugin ? ` / ${escaped(report.nixlPlugin, 40)}` : ''
  const found = measured === null ? none : shownVersion(name, measured) + plugin
  return agrees || declared === null ? found : `${found} ⚠️ declared ${shownVersion(name, declared)}`
}

/** @returns the measured version of each component, as Markdown */
export function componentCells(report: LegReport | undefined): string[] {
  return titles.map(([name]) => componentCell(report, name))
}

type Line = { title: string; cells: string[] }

/** Legs of one image that hold the same are one line. */
function linesOf(outcomes: readonly ImageOutcome[], titleOf: TitleOf): Line[] {
  return outcomes.flatMap((outcome) => {
    const legs = titledLegs([outcome], titleOf).map(({ title, report }) => ({
      title,
      cells: [
        ...componentCells(report),
        escaped(report?.gpuArchitectures.join(' ') ?? '', 80) || none,
        report?.integration?.mode ?? none,
      ],
    }))
    const [first] = legs
    const equal = legs.length > 1 && legs.every(({ cells }) => cells.join('|') === first?.cells.join('|'))
    return first && equal ? [{ ...first, title: titleOf(outcome.image) }] : legs
  })
}

/** `vLLM Image` says enough where there is one of each engine, as in the matrix of a release. */
function shortened(lines: Line[], outcomes: readonly ImageOutcome[]): Line[] {
  const alone = new Set(outcomes.map(({ image }) => image.engine)).size === lines.length
  if (!alone) return lines
  return lines.map((line, index) => {
    const engine = outcomes[index]?.image.engine
    return engine ? { ...line, title: `${engines[engine].title} Image` } : line
  })
}

/** Components by images as they were measured, turned round where there are many images. */
export function componentMatrix(outcomes: readonly ImageOutcome[], titleOf: TitleOf): string {
  const lines = linesOf(outcomes, titleOf)
  const names = [...componentTitles, 'GPU architectures', 'Integration']
  if (lines.length > mostColumns)
    return table(
      ['Image', ...names],
      lines.map(({ title, cells }) => [`**${escaped(title, 120)}**`, ...cells]),
    )
  const columns = shortened(lines, outcomes)
  return table(
    ['Component', ...columns.map(({ title }) => escaped(title, 120))],
    names.map((name, row) => [name, ...columns.map(({ cells }) => cells[row] ?? none)]),
  )
}

/** Base, added, total: bytes that a registry stores and a user pulls. */
export function sizeTable(legs: readonly TitledLeg[]): string | undefined {
  const lines = legs.flatMap(({ title, report }) => {
    if (!report?.sizes) return []
    const { base, added, total } = report.sizes
    return [[escaped(title, 120), humanBytes(base), `**+ ${humanBytes(added)}**`, humanBytes(total)]]
  })
  return lines.length === 0 ? undefined : table(['Image, compressed', 'Base', 'Added', 'Total'], lines)
}
