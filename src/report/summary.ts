import { formatDuration } from '../build/printable.ts'
import { engines } from '../plan/engine.ts'
import { gantt } from './gantt.ts'
import { gatesPart } from './gates-part.ts'
import { alert, code, codeBlock, escaped, folded, table } from './markdown.ts'
import { matrix, sizes, tags } from './matrix-part.ts'
import { type ImageOutcome, publicDigest, publicTags, reportOf, type Run, titleOf } from './outcome.ts'

/** Parts with `drop` are left out, the largest first, where the summary is longer than GitHub takes. */
type Part = { text: string; drop?: string }

/** GitHub loses a summary that is longer, all of it (docs: workflow commands, job summaries). */
const gitHubLimit = 1024 * 1024

function heading({ outcomes, error }: Run): string {
  const count = (states: ImageOutcome['state'][]): number =>
    outcomes.filter(({ state }) => states.includes(state)).length
  const failed = count(['failed'])
  const all = `${outcomes.length} ${outcomes.length === 1 ? 'image' : 'images'}`
  const made = count(['published']) > 0 ? 'some tags were published' : 'no tag was published'
  if (failed > 0) return `❌ ${failed} of ${all} failed, ${made}`
  if (error !== undefined) return '❌ The run failed'
  if (count(['skipped', 'staged']) > 0) return '❌ The run ended early, not all images were published'
  if (outcomes.length > 0 && count(['unchanged']) === outcomes.length)
    return `✅ ${all} unchanged, nothing to build`
  return count(['built']) > 0 ? `✅ ${all} built and verified, not pushed` : `✅ ${all} published`
}

function problems({ outcomes, error }: Run, limit: number): Part[] {
  const failures = outcomes.flatMap((outcome) =>
    outcome.state === 'failed'
      ? [`**${escaped(titleOf(outcome))}**: ${escaped(outcome.error, 2 * limit)}`]
      : [],
  )
  const sentences = [...(error === undefined ? [] : [escaped(error, 2 * limit)]), ...failures]
  const warnings = outcomes.flatMap((outcome) =>
    (reportOf(outcome)?.warnings ?? []).map(
      (text) => `**${escaped(titleOf(outcome))}**: ${escaped(text, limit)}`,
    ),
  )
  return [
    ...(sentences.length > 0 ? [{ text: alert('CAUTION', sentences) }] : []),
    ...(warnings.length > 0 ? [{ text: alert('WARNING', warnings) }] : []),
  ]
}

function pullCommands(outcomes: readonly ImageOutcome[]): Part[] {
  const commands = outcomes.flatMap((outcome) => {
    const [tag] = publicTags(outcome)
    const digest = publicDigest(outcome)
    return tag === undefined || digest === undefined ? [] : [`docker pull ${tag}@${digest}`]
  })
  return commands.length === 0 ? [] : [{ text: codeBlock(commands.join('\n'), 'sh') }]
}

function hasFailed(outcome: ImageOutcome): boolean {
  return reportOf(outcome)?.gates.some(({ state }) => state === 'fail') ?? false
}

function gates(outcomes: readonly ImageOutcome[], limit: number): Part[] {
  const failedFirst = outcomes.toSorted((left, right) => Number(hasFailed(right)) - Number(hasFailed(left)))
  const parts = failedFirst.flatMap((outcome) => {
    const part = gatesPart(outcome, limit)
    if (!part) return []
    return [
      { text: part.heading },
      ...(part.table === undefined ? [] : [{ text: part.table }]),
      ...(part.passed === undefined ? [] : [{ text: part.passed, drop: 'passed gates' }]),
    ]
  })
  return parts.length === 0 ? [] : [{ text: '### Gates' }, ...parts]
}

function integration(outcomes: readonly ImageOutcome[]): Part[] {
  const lines = outcomes.flatMap((outcome) => {
    const line = reportOf(outcome)?.integration?.line
    if (line === null || line === undefined) return []
    const start =
      outcome.image.leg.engine === 'vllm'
        ? 'vllm serve <model>'
        : 'python3 -m sglang.launch_server --model-path <model>'
    return [`# ${engines[outcome.image.leg.engine].title} ${outcome.image.leg.version.tag}\n${start} ${line}`]
  })
  return lines.length === 0
    ? []
    : [{ text: '### Use AIBrix in the engine' }, { text: codeBlock(lines.join('\n\n'), 'sh') }]
}

function times(outcomes: readonly ImageOutcome[]): Part[] {
  // What was built in an earlier run took no time in this one.
  const built = outcomes.filter(({ state }) => state !== 'unchanged')
  const chart = gantt(
    built.map((outcome) => ({ title: titleOf(outcome), steps: reportOf(outcome)?.steps ?? [] })),
  )
  if (chart === undefined) return []
  return [{ text: '### Time' }, { text: codeBlock(chart, 'mermaid'), drop: 'timing chart' }]
}

function folds(outcomes: readonly ImageOutcome[]): Part[] {
  return outcomes.flatMap((outcome) => {
    const report = reportOf(outcome)
    const title = escaped(titleOf(outcome))
    const parts: Part[] = []
    if (report && report.components.length > 0) {
      const { added, replaced, ucxModules } = report
      const packages = [
        ...replaced.map(({ name, before, after }) => ['pip', name, `${before} → ${after ?? 'removed'}`]),
        ...Object.entries(added.pip).map(([name, version]) => ['pip', name, version]),
        ...Object.entries(added.dpkg).map(([name, version]) => ['apt', name, version]),
      ]
      const rows = packages.map((cells) => cells.map((cell) => escaped(cell, 120)))
      parts.push({
        text: folded(`${title}: ${rows.length} packages added`, table(['', 'Package', 'Version'], rows)),
        drop: 'added packages',
      })
      const modules = [
        ["NIXL's own UCX", ucxModules.nixl],
        ['UCX tools', ucxModules.tools],
      ] as const
      const lines = modules.map(([name, found]) => [name, code(found.join(' '), 600)])
      parts.push({
        text: folded(`${title}: UCX modules`, table(['', 'Modules, measured'], lines)),
        drop: 'UCX modules',
      })
    }
    if (outcome.command !== undefined)
      parts.push({
        text: folded(`${title}: reproduce locally`, codeBlock(outcome.command, 'sh')),
        drop: 'commands to reproduce',
      })
    return parts
  })
}

function partsOf(run: Run, limit: number): Part[] {
  const { outcomes } = run
  const head = `## ${heading(run)}\n\n${escaped(formatDuration(run.duration))}`
  if (outcomes.length === 0) return [{ text: head }, ...problems(run, limit)]
  const sizeTable = sizes(outcomes)
  return [
    { text: head },
    ...problems(run, limit),
    { text: matrix(outcomes) },
    { text: '### Tags' },
    { text: tags(outcomes) },
    ...pullCommands(outcomes),
    ...gates(outcomes, limit),
    ...(sizeTable === undefined ? [] : [{ text: '### Size' }, { text: sizeTable }]),
    ...integration(outcomes),
    ...times(outcomes),
    ...folds(outcomes),
  ]
}

function joined(parts: readonly Part[], dropped: readonly string[]): string {
  const note =
    dropped.length === 0 ? [] : [alert('NOTE', [`Left out for length: ${[...new Set(dropped)].join(', ')}.`])]
  return `${[...parts.map(({ text }) => text), ...note].join('\n\n')}\n`
}

/** Room for the blank line between two parts, and for the note about what was left out. */
const perPart = 2
const forNote = 200

/** Drops folded parts, the largest first, until the rest fits (or nothing is left to drop). */
function cut(parts: readonly Part[], limit: number): string {
  const sized = parts.map((part) => ({ part, bytes: Buffer.byteLength(part.text) + perPart }))
  const largestFirst = sized
    .filter(({ part }) => part.drop !== undefined)
    .sort((left, right) => right.bytes - left.bytes)
  let total = sized.reduce((sum, { bytes }) => sum + bytes, 0)
  const gone = new Set<Part>()
  for (const { part, bytes } of largestFirst) {
    if (total <= limit) break
    if (gone.size === 0) total += forNote
    gone.add(part)
    total -= bytes
  }
  const dropped = [...gone].map(({ drop }) => drop ?? '')
  return joined(
    parts.filter((part) => !gone.has(part)),
    dropped,
  )
}

/**
 * The job summary, as Markdown. Tables always stay; where even they are too long, their cells are shortened.
 * @param limit bytes
 */
export function renderSummary(run: Run, limit = gitHubLimit): string {
  let text = ''
  for (const cell of [600, 150, 40]) {
    text = cut(partsOf(run, cell), limit)
    if (Buffer.byteLength(text) <= limit) break
  }
  return text
}
