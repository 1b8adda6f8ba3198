import { engines } from '../../plan/index.ts'
import { familiarRepository } from '../../registry/index.ts'
import { humanBytes, listed } from '../../text.ts'
import { many, type Part } from '../fit.ts'
import { passedTable, tally } from './gates-part.ts'
import type { LegReport } from '../../store/index.ts'
import { bullets, code, codeBlock, counted, escaped, folded } from '../markdown.ts'
import { legDigest, publicDigest } from '../outcome.ts'
import { optionALine } from '../shell.ts'
import type { TitledLeg } from '../titles.ts'

/** Details per fold if there are many, so that some stay if not all fit. */
const together = 25

/** The image by its digest, its base, and where its parts came from. */
function origins({ image, outcome, report }: TitledLeg, isBuilt: boolean): string[] {
  const digest = legDigest(image, outcome)
  const name = publicDigest(image) === undefined ? '' : `${familiarRepository(image.image.repository)}@`
  const lines: string[] = []
  if (digest !== undefined) lines.push(`Image: ${code(name + digest)}`)
  if (report) lines.push(`Base: ${code(`${report.base.name}@${report.base.digest}`)}`)
  if (report?.engineCommit)
    lines.push(
      `Commit of ${engines[report.engine].title}, by the labels of the base: ${code(report.engineCommit)}`,
    )
  if (isBuilt && report?.artifacts) {
    const { wheel, ucx } = report.artifacts
    lines.push(`Wheel: ${escaped(wheel, 300)}`, `UCX tools: ${escaped(ucx, 300)}`)
  }
  return lines
}

function modules({ ucxModules: { nixl, tools } }: LegReport): string[] {
  return [
    `UCX modules of NIXL, measured: ${code(nixl.join(' ') || 'none', 600)}`,
    ...(tools.length === 0 ? [] : [`UCX modules of the tools, measured: ${code(tools.join(' '), 600)}`]),
  ]
}

function packages({ added, replaced }: LegReport): string[] {
  const listOf = (found: Record<string, string>): string =>
    Object.entries(found)
      .map(([name, version]) => code(`${name} ${version}`, 120))
      .join(', ')
  const changed = replaced.map(({ name, before, after }) =>
    code(`${name} ${before} → ${after ?? 'removed'}`, 120),
  )
  const lines: [what: string, packages: string][] = [
    ['Added with pip', listOf(added.pip)],
    ['Added with apt', listOf(added.dpkg)],
    ['Replaced with pip', changed.join(', ')],
  ]
  return lines.filter(([, some]) => some !== '').map(([what, some]) => `${what}: ${some}`)
}

/** What the user's own inputs added. */
function extras({ extra }: LegReport): string[] {
  if (!extra) return []
  const packages = Object.entries(extra.packages).map(([name, version]) => code(`${name} ${version}`, 120))
  const files = extra.files.map(({ path, bytes }) => `${code(path, 200)} (${humanBytes(bytes)})`)
  const count = counted(extra.fileCount, 'file')
  return [
    ...(packages.length > 0 ? [`Of these, by <code>extra-packages</code>: ${packages.join(', ')}`] : []),
    ...(files.length > 0
      ? [`By <code>extra-files</code>: ${count}, ${humanBytes(extra.fileBytes)}: ${listed(files, 10)}`]
      : []),
  ]
}

function conditionLines({ conditions }: LegReport): string[] {
  return conditions.map(({ name, reason }) => `Condition: ${code(name)}, because ${escaped(reason, 300)}`)
}

/** @param isBuilt whether this run built it */
function detailsOf(leg: TitledLeg, isBuilt: boolean, limit: number): string[] {
  const { report } = leg
  const isMeasured = report !== undefined && report.components.length > 0
  const { command } = leg.outcome
  const gates = passedTable(report?.gates ?? [], limit)
  const lines = [
    ...origins(leg, isBuilt),
    ...(isMeasured
      ? [...conditionLines(report), ...modules(report), ...packages(report), ...extras(report)]
      : []),
  ]
  return [
    ...(lines.length === 0 ? [] : [bullets(lines)]),
    ...(gates === undefined ? [] : [gates]),
    ...(command === undefined
      ? []
      : ['To build it by hand, in a checkout of this action:', codeBlock(optionALine(command), 'sh')]),
  ]
}

/** One fold per image, with its platforms. */
function foldOf(legs: readonly TitledLeg[], title: string, built: readonly TitledLeg[], limit: number) {
  const found = legs
    .map((leg) => ({ leg, texts: detailsOf(leg, built.includes(leg), limit) }))
    .filter(({ texts }) => texts.length > 0)
  if (found.length === 0) return undefined
  const gates = legs.flatMap(({ report }) => report?.gates ?? [])
  const texts = found.flatMap(({ leg, texts }) =>
    legs.length === 1 ? texts : [`#### ${escaped(leg.outcome.leg.platform, 40)}`, ...texts],
  )
  const head = `<b>${escaped(title, 120)}</b>${gates.length === 0 ? '' : `: ${tally(gates)}`}`
  return folded(head, texts.join('\n\n'))
}

/**
 * Details in one fold per image.
 * @param titleOf the title of the image of a leg
 * @param built legs that were built for this run
 * @param limit characters of a cell
 */
export function detailsPart(
  legs: readonly TitledLeg[],
  titleOf: (leg: TitledLeg) => string,
  built: readonly TitledLeg[],
  limit: number,
): Part[] {
  const folds = [...Map.groupBy(legs, ({ image }) => image)].flatMap(([, own]) => {
    const [first] = own
    return (first && foldOf(own, titleOf(first), built, limit)) ?? []
  })
  if (folds.length === 0) return []
  const heading = { text: '### Details' }
  if (folds.length < many) return [heading, ...folds.map((text) => ({ text, drop: 'details' }))]
  const all = counted(folds.length, 'image')
  const groups = Array.from({ length: Math.ceil(folds.length / together) }, (_, index) =>
    folds.slice(index * together, (index + 1) * together),
  )
  return [
    heading,
    ...groups.map((group, index) => {
      const from = index * together
      const some = `images ${from + 1} to ${from + group.length} of ${folds.length}`
      const which = groups.length === 1 ? all : some
      return { text: folded(`Details of ${which}`, group.join('\n\n')), drop: 'details' }
    }),
  ]
}
