import { engines } from '../../plan/index.ts'
import { isPassing } from '../../store/index.ts'
import { formatDuration } from '../../text.ts'
import { fit, type Part, summaryLimit } from '../fit.ts'
import { alert, bullets, code, escaped, folded, none, wrappingTable } from '../markdown.ts'
import { componentCells, componentTitles } from '../summary/components-part.ts'
import { conditionLines } from '../summary/conditions-part.ts'
import { gatesPart, passedTable, tally } from '../summary/gates-part.ts'
import { retriesPart } from '../summary/problems-part.ts'
import type { VerifiedImage, VerifyRun } from './verify-run.ts'

/** @returns `vLLM v0.10.2` */
export function titleOfVerified({ record: { report } }: VerifiedImage): string {
  return `${engines[report.engine].title} ${report.version}`
}

function headingOf({ image }: VerifyRun): string {
  if (!image) return '❌ Nothing was verified'
  const title = escaped(titleOfVerified(image), 120)
  if (isPassing(image.record)) return `✅ ${title} is verified`
  const hasFailed = image.record.report.gates.some(({ state }) => state === 'fail')
  return hasFailed ? `❌ ${title} is not what it should be` : `❌ ${title} could not be judged`
}

function factsLine({ duration, image }: VerifyRun): string {
  return [formatDuration(duration), ...(image ? [tally(image.record.report.gates)] : [])].join(' · ')
}

function imagePart({ record, base, stored }: VerifiedImage): Part {
  const { image, against, gpus, report } = record
  const compared = against === 'labels' ? 'its own labels' : 'the versions that were given'
  const lines = [
    `Image: ${code(image.name)} for ${escaped(image.platform, 40)}${image.name.endsWith(image.digest) ? '' : `, ${code(image.digest)}`}`,
    `Compared with: ${compared}${base === 'measured' ? `, and its base ${code(`${report.base.name}@${report.base.digest}`)}` : ', without its base'}`,
    `GPUs: ${gpus === null ? 'none, so what needs one was not run' : code(gpus)}`,
    ...(stored === undefined ? [] : [`Record: ${code(stored)}`]),
  ]
  return { text: bullets(lines) }
}

function componentsPart({ record: { report } }: VerifiedImage): Part[] {
  const cells = componentCells(report)
  const rows = componentTitles.map((title, index) => [title, cells[index] ?? none])
  return [{ text: '### Components' }, { text: wrappingTable(['Component', 'Measured'], rows) }]
}

function passedPart({ record: { report } }: VerifiedImage, limit: number): Part[] {
  const gates = passedTable(report.gates, limit)
  return gates === undefined ? [] : [{ text: folded('<b>Gates that passed</b>', gates), drop: 'details' }]
}

function partsOf(run: VerifyRun, limit: number): Part[] {
  const { image, error, retried = [] } = run
  const legs = image ? [{ title: titleOfVerified(image), report: image.record.report }] : []
  return [
    { text: `## ${headingOf(run)}\n\n${factsLine(run)}` },
    ...(error === undefined ? [] : [{ text: alert('CAUTION', [escaped(error, 2 * limit)]) }]),
    ...(image ? [imagePart(image)] : []),
    ...conditionLines(legs),
    ...(image ? componentsPart(image) : []),
    ...gatesPart(legs, limit),
    ...(image ? passedPart(image, limit) : []),
    ...retriesPart(retried, limit),
  ]
}

/** The job summary of `command: verify`, as Markdown. @param limit bytes */
export function renderVerifySummary(run: VerifyRun, limit = summaryLimit): string {
  return fit((cell) => partsOf(run, cell), limit)
}
