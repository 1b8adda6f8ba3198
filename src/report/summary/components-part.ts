import { engines } from '../../plan/index.ts'
import type { ComponentName } from '../../verify/index.ts'
import { humanBytes } from '../../text.ts'
import type { Part } from '../fit.ts'
import type { LegReport } from '../../store/index.ts'
import { escaped, none, wrappingTable } from '../markdown.ts'
import type { ImageOutcome } from '../outcome.ts'
import { titledLegs, type TitledLeg, type TitleOf } from '../titles.ts'

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

/** With more images than this, each is a row instead of a column. */
const mostColumns = 4

/** Versions as their projects write them: with a `v` for the engines and AIBrix. */
function shownVersion(name: ComponentName, version: string): string {
  const written = name === 'engine' || name === 'aibrix_kvcache' ? version.replace(/^v?/, 'v') : version
  return escaped(written, 80)
}

/** The measured version, and the declared one if it differs. */
function componentCell(report: LegReport | undefined, name: ComponentName): string {
  const component = report?.components.find((candidate) => candidate.name === name)
  if (!component) return none
  const { declared, measured, agrees } = component
  const plugin = name === 'nixl' && report?.nixlPlugin ? ` / ${escaped(report.nixlPlugin, 40)}` : ''
  const found = measured === null ? none : shownVersion(name, measured) + plugin
  return agrees || declared === null ? found : `${found} ⚠️ declared ${shownVersion(name, declared)}`
}

/** @returns the measured version of each component, in Markdown */
export function componentCells(report: LegReport | undefined): string[] {
  return titles.map(([name]) => componentCell(report, name))
}

/** An image, or one of its platforms, with its measurements. */
type Line = { title: string; cells: string[] }

const lineTitles = [...componentTitles, 'GPU architectures', 'Integration', 'Size, compressed']

function lineOf({ title, report }: TitledLeg): Line[] {
  if (!report || report.components.length === 0) return []
  const architectures = escaped(report.gpuArchitectures.join(' '), 80) || none
  const integration = report.integration?.mode ?? none
  const { sizes } = report
  // Compressed bytes, which a registry stores and a user pulls
  const size = sizes ? `${humanBytes(sizes.total)}, ${humanBytes(sizes.added)} added` : none
  return [{ title, cells: [...componentCells(report), architectures, integration, size] }]
}

/** Equal legs of an image share a line, with a size for each. */
function linesOf(outcomes: readonly ImageOutcome[], titleOf: TitleOf): Line[] {
  return outcomes.flatMap((outcome) => {
    const lines = titledLegs([outcome], titleOf).flatMap(lineOf)
    const [first] = lines
    const content = ({ cells }: Line): string => cells.slice(0, -1).join('|')
    const isSame = lines.every((line) => content(line) === (first && content(first)))
    if (!first || !isSame || lines.length < outcome.image.legs.length) return lines
    const sizes = [...new Set(lines.map(({ cells }) => cells.at(-1) ?? none))]
    return [{ title: titleOf(outcome.image), cells: [...first.cells.slice(0, -1), sizes.join('<br>')] }]
  })
}

/** `vLLM Image` is enough for a single image of an engine, as in the matrix of a release. */
function shortened(lines: readonly Line[], outcomes: readonly ImageOutcome[], titleOf: TitleOf): string[] {
  return lines.map(({ title }) => {
    const [own, ...others] = outcomes.filter(({ image }) => title.startsWith(engines[image.engine].title))
    const isAlone = own && others.length === 0 && title === titleOf(own.image)
    return isAlone ? `${engines[own.image.engine].title} Image` : title
  })
}

/** A row for each image. Values that are the same for all go below, except versions. */
function rows(lines: readonly Line[]): Part[] {
  const columns = lineTitles.map((name, index) => ({
    name,
    index,
    values: new Set(lines.map(({ cells }) => cells[index] ?? none)),
  }))
  const isSame = ({ values, name }: (typeof columns)[number]): boolean =>
    values.size === 1 && !componentTitles.includes(name)
  const shown = columns.filter((column) => !isSame(column))
  const text = wrappingTable(
    ['Image', ...shown.map(({ name }) => name)],
    lines.map(({ title, cells }) => [
      `**${escaped(title, 120)}**`,
      ...shown.map(({ index }) => cells[index] ?? none),
    ]),
  )
  const same = columns
    .filter((column) => isSame(column) && !column.values.has(none))
    .map(({ name, values }) => `${name} ${[...values].join()}`)
  return [{ text }, ...(same.length === 0 ? [] : [{ text: `Same for all: ${same.join(' · ')}` }])]
}

/** Components by images, or images by components if there are many; empty if not measured. */
export function componentsPart(outcomes: readonly ImageOutcome[], titleOf: TitleOf): Part[] {
  const lines = linesOf(outcomes, titleOf)
  if (lines.length === 0) return []
  const heading = { text: '### Components' }
  if (lines.length > mostColumns) return [heading, ...rows(lines)]
  const text = wrappingTable(
    ['Component', ...shortened(lines, outcomes, titleOf).map((title) => escaped(title, 120))],
    lineTitles
      .map((name, row) => [name, ...lines.map(({ cells }) => cells[row] ?? none)])
      .filter(([, ...cells]) => cells.some((cell) => cell !== none)),
  )
  return [heading, { text }]
}
