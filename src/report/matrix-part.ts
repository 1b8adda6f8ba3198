import { engines } from '../plan/engine.ts'
import type { ComponentName } from '../verify/components.ts'
import { humanBytes } from '../verify/size.ts'
import type { LegReport } from './leg-report.ts'
import { code, escaped, table } from './markdown.ts'
import { type ImageOutcome, publicDigest, reportOf, titleOf } from './outcome.ts'
import { familiarReference } from '../registry/reference.ts'

const none = '–'

const rows: readonly [ComponentName, string][] = [
  ['engine', 'Engine version'],
  ['cuda', 'CUDA'],
  ['torch', 'Torch version'],
  ['python', 'Python'],
  ['aibrix_kvcache', 'aibrix_kvcache'],
  ['nixl', 'NIXL / CUDA plugin'],
  ['ucx', 'UCX'],
]

/** Versions as their projects write them: the engines and AIBrix with a `v`. */
function shownVersion(name: ComponentName, version: string): string {
  const written = name === 'engine' || name === 'aibrix_kvcache' ? version.replace(/^v?/, 'v') : version
  return escaped(written, 80)
}

function measured(report: LegReport | undefined, name: ComponentName): string {
  const version = report?.components.find((component) => component.name === name)?.measured
  if (version === null || version === undefined) return none
  const plugin = name === 'nixl' && report?.nixlPlugin ? ` / ${escaped(report.nixlPlugin, 40)}` : ''
  return shownVersion(name, version) + plugin
}

function declaredIfOther(report: LegReport | undefined, name: ComponentName): string {
  const component = report?.components.find((candidate) => candidate.name === name)
  if (!component || component.agrees || component.declared === null) return ''
  return `⚠️ ${shownVersion(name, component.declared)}`
}

function columnTitle(outcome: ImageOutcome, outcomes: readonly ImageOutcome[]): string {
  const { engine, version, platform } = outcome.image.leg
  const alone = outcomes.filter(({ image }) => image.leg.engine === engine).length === 1
  return `${engines[engine].title} Image${alone ? '' : ` ${escaped(version.tag, 60)} ${escaped(platform, 40)}`}`
}

/** Component by image, as measured; a row for what was declared where that is something else. */
export function matrix(outcomes: readonly ImageOutcome[]): string {
  const reports = outcomes.map(reportOf)
  const lines = rows.flatMap(([name, title]) => {
    const found = [title, ...reports.map((report) => measured(report, name))]
    const declared = reports.map((report) => declaredIfOther(report, name))
    return declared.some((cell) => cell !== '') ? [found, ['↳ declared', ...declared]] : [found]
  })
  return table(
    ['Component', ...outcomes.map((outcome) => columnTitle(outcome, outcomes))],
    [
      ...lines,
      [
        'GPU architectures',
        ...reports.map((report) => escaped(report?.gpuArchitectures.join(' ') ?? '', 80) || none),
      ],
      ['Integration', ...reports.map((report) => report?.integration?.mode ?? none)],
    ],
  )
}

/** Base, added, total: bytes that a registry stores and a user pulls. */
export function sizes(outcomes: readonly ImageOutcome[]): string | undefined {
  const lines = outcomes.flatMap((outcome) => {
    const found = reportOf(outcome)?.sizes
    if (!found) return []
    return [
      [
        escaped(titleOf(outcome), 80),
        humanBytes(found.base),
        `**+ ${humanBytes(found.added)}**`,
        humanBytes(found.total),
      ],
    ]
  })
  return lines.length === 0 ? undefined : table(['Image, compressed', 'Base', 'Added', 'Total'], lines)
}

const states: Record<ImageOutcome['state'], string> = {
  published: '✅ published',
  unchanged: '✅ unchanged, published before',
  built: '✅ verified, not pushed',
  staged: '⏸️ verified, publishing not finished',
  failed: '❌ failed',
  skipped: '⏭️ not begun',
}

/** Which tags there are, with the digest that each one names. */
export function tags(outcomes: readonly ImageOutcome[]): string {
  return table(
    ['Tag', 'Digest', ''],
    outcomes.flatMap((outcome) => {
      const { repository, tags: names } = outcome.image
      const digest = publicDigest(outcome)
      return names.map((tag) => [
        code(familiarReference({ ...repository, tag })),
        digest === undefined ? none : code(digest),
        states[outcome.state],
      ])
    }),
  )
}
