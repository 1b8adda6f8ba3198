import { engines } from '../plan/engine.ts'
import { listed } from '../verify/gate.ts'
import { sizeTable } from './components-part.ts'
import type { Part } from './fit.ts'
import { gantt } from './gantt.ts'
import type { LegReport } from './leg-report.ts'
import { code, codeBlock, counted, escaped, folded, table } from './markdown.ts'
import type { Run } from './outcome.ts'
import { many, type TitledLeg } from './titles.ts'

/** What a user passes to each engine, written once where it is the same for several images. */
export function integrationPart(legs: readonly TitledLeg[]): Part[] {
  const found = legs.flatMap(({ image, report }) => {
    const line = report?.integration?.line
    if (line === null || line === undefined) return []
    const { engine, version } = image.image
    const start =
      engine === 'vllm' ? 'vllm serve <model>' : 'python3 -m sglang.launch_server --model-path <model>'
    return [{ name: `${engines[engine].title} ${version.tag}`, line: `${start} ${line}` }]
  })
  if (found.length === 0) return []
  const blocks = [...Map.groupBy(found, ({ line }) => line)].map(([line, group]) => {
    const names = [...new Set(group.map(({ name }) => name))]
    return `# ${listed(names)}\n${line}`
  })
  return [{ text: '### Use AIBrix in the engine' }, { text: codeBlock(blocks.join('\n\n'), 'sh') }]
}

/** Milliseconds between the builds of legs that were built for the same promotion: about the longest that a job may take. */
const together = 12 * 60 * 60 * 1000

/** What was built in this run; for a promotion what other runners built for it, unless it is from another day. */
function builtLegs(command: Run['command'], legs: readonly TitledLeg[]): TitledLeg[] {
  const own = legs.filter(({ outcome }) => outcome.state === 'built' || outcome.state === 'failed')
  if (command !== 'promote') return own
  const startOf = ({ report }: TitledLeg): number => report?.steps[0]?.started ?? 0
  const latest = Math.max(0, ...legs.map(startOf))
  return legs.filter((leg) => latest - startOf(leg) < together)
}

/** More legs than these make a chart that nobody scrolls through. */
const mostCharted = 50

/** Milliseconds from the first step to the end of the last one */
function lengthOf({ report }: TitledLeg): number {
  const steps = report?.steps ?? []
  const ends = steps.map(({ started, duration }) => started + duration)
  return Math.max(0, ...ends) - (steps[0]?.started ?? 0)
}

/** When which step of which leg ran; of very many legs those that took longest. */
export function timePart(command: Run['command'], legs: readonly TitledLeg[]): Part[] {
  const built = builtLegs(command, legs)
  const slowest = new Set(
    built.toSorted((left, right) => lengthOf(right) - lengthOf(left)).slice(0, mostCharted),
  )
  const charted = built.filter((leg) => slowest.has(leg))
  const chart = gantt(charted.map(({ title, report }) => ({ title, steps: report?.steps ?? [] })))
  if (chart === undefined) return []
  const what = charted.length < built.length ? `, the ${charted.length} slowest of ${built.length} legs` : ''
  const heading = command === 'promote' ? '### When it was built' : '### Time'
  return [{ text: heading + what }, { text: codeBlock(chart, 'mermaid'), drop: 'timing chart' }]
}

function packagesFold(title: string, { added, replaced }: LegReport): string {
  const packages = [
    ...replaced.map(({ name, before, after }) => ['pip', name, `${before} → ${after ?? 'removed'}`]),
    ...Object.entries(added.pip).map(([name, version]) => ['pip', name, version]),
    ...Object.entries(added.dpkg).map(([name, version]) => ['apt', name, version]),
  ]
  const rows = packages.map((cells) => cells.map((cell) => escaped(cell, 120)))
  return folded(`${title}: ${counted(rows.length, 'package')} added`, table(['', 'Package', 'Version'], rows))
}

function modulesFold(title: string, { ucxModules }: LegReport): string {
  const modules = [
    ["NIXL's own UCX", ucxModules.nixl],
    ['UCX tools', ucxModules.tools],
  ] as const
  const lines = modules.map(([name, found]) => [name, code(found.join(' '), 600)])
  return folded(`${title}: UCX modules`, table(['', 'Modules, measured'], lines))
}

function artifactsFold(title: string, { artifacts }: LegReport): string {
  const lines = [
    ['Wheel', artifacts?.wheel],
    ['UCX tools', artifacts?.ucx],
  ].map(([name, origin]) => [name ?? '', code(origin ?? '', 300)])
  return folded(`${title}: stage artifacts`, table(['', 'Came from'], lines))
}

/** Folds of one kind; of many legs they are in one fold themselves. */
function foldsOf(
  name: string,
  legs: readonly TitledLeg[],
  fold: (leg: TitledLeg) => string | undefined,
): Part[] {
  const folds = legs.map(fold).filter((text) => text !== undefined)
  const start = name.charAt(0).toUpperCase() + name.slice(1)
  const texts =
    folds.length < many ? folds : [folded(`${start} of ${counted(folds.length, 'leg')}`, folds.join('\n\n'))]
  return texts.map((text) => ({ text, drop: name }))
}

/** What few readers need, of each leg. */
export function detailsPart(legs: readonly TitledLeg[]): Part[] {
  const measured =
    (fold: (title: string, report: LegReport) => string) =>
    ({ title, report }: TitledLeg): string | undefined =>
      report && report.components.length > 0 ? fold(escaped(title, 120), report) : undefined
  const folds = [
    ...foldsOf('added packages', legs, measured(packagesFold)),
    ...foldsOf('UCX modules', legs, measured(modulesFold)),
    ...foldsOf(
      'stage artifacts',
      legs,
      ({ title, report }) => report?.artifacts && artifactsFold(escaped(title, 120), report),
    ),
    ...foldsOf('commands to reproduce', legs, ({ title, outcome: { command } }) =>
      command === undefined
        ? undefined
        : folded(`${escaped(title, 120)}: reproduce locally`, codeBlock(command, 'sh')),
    ),
  ]
  return folds.length === 0 ? [] : [{ text: '### Details' }, ...folds]
}

/** How much each image adds to its base. */
export function sizePart(legs: readonly TitledLeg[]): Part[] {
  const text = sizeTable(legs)
  if (text === undefined) return []
  if (legs.length < many) return [{ text: '### Size' }, { text }]
  return [{ text: '### Size' }, { text: folded(counted(legs.length, 'leg'), text), drop: 'sizes' }]
}
