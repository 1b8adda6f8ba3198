// The part of script/real after the inputs exist: runs dist/main.js separately for each image,
// prints each summary, and one table of measurements at the end.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { formatDuration, humanBytes } from '../src/text.ts'
import type { LegReport } from '../src/store/leg-report.ts'
import { componentNames } from '../src/verify/components.ts'
import { gateNames } from '../src/verify/gate.ts'
import { type ActionRun, failedGates, registry, runStep } from './runner.ts'
import { imagesOf, storedReport } from './stored-report.ts'

/**
 * Images with the NIXL that AIBrix was tested with (`usual`), and the newest versions with the
 * default NIXL.
 */
const sets: Record<string, Record<string, string>[]> = {
  usual: [
    { engine: 'vllm', versions: 'v0.21.0', 'aibrix-version': 'v0.7.0', 'nixl-version': '0.7.1' },
    { engine: 'vllm', versions: 'v0.10.2', 'aibrix-version': 'v0.5.0', 'nixl-version': '0.7.1' },
    { engine: 'sglang', versions: 'v0.5.11', 'aibrix-version': 'v0.7.0', 'nixl-version': '0.7.1' },
  ],
  newest: [
    { engine: 'vllm', versions: 'v0.33.0', 'aibrix-version': 'v0.7.0', 'nixl-version': 'default' },
    { engine: 'sglang', versions: 'v0.5.23', 'aibrix-version': 'v0.7.0', 'nixl-version': 'default' },
  ],
}
const images = sets[process.argv[2] ?? ''] ?? []
const kept = resolve('.cache/real')
const namespace = process.argv[3] ?? 'real'
const common = {
  namespace,
  'base-registry': registry,
  'aibrix-repository': join(kept, 'aibrix.git'),
  'ucx-repository': join(kept, 'ucx.git'),
  'package-index': process.env.PIP_INDEX_URL ?? '',
  'ca-certificates': process.env.CA_CERTIFICATES ?? '',
  // The working copy may have changed since an earlier run today.
  'overwrite-tags': 'true',
}

/** Returns the report that a run stored in the registry; undefined if the run failed. */
async function reportOf(run: ActionRun): Promise<LegReport | undefined> {
  const [image] = imagesOf(run)
  const [leg] = image?.legs ?? []
  return image?.digest && leg ? storedReport(leg, namespace) : undefined
}

/** Returns one row of the table. */
function row(name: string, run: ActionRun, report: LegReport | undefined): string[] {
  const wall = formatDuration(run.duration)
  if (!report)
    return [name, ...componentNames.map(() => ''), '', `failed: ${failedGates(run).join(' ')}`, wall, '', '']
  const count = (state: string) => report.gates.filter((gate) => gate.state === state).length
  const ran = report.steps.filter(({ cached }) => !cached)
  return [
    name,
    ...componentNames.map(
      (component) => report.components.find((found) => found.name === component)?.measured ?? '–',
    ),
    report.integration?.mode ?? '–',
    `${count('pass')} of ${report.gates.length}`,
    run.outputs.changed === 'true' ? wall : `${wall} (unchanged)`,
    `${ran.length} of ${report.steps.length}`,
    report.sizes ? humanBytes(report.sizes.added) : '–',
  ]
}

/** Returns the result of each gate for each image, and the duration of the measurements. */
function gateTable(reports: readonly LegReport[]): string[][] {
  const titles = ['Gate', ...reports.map(({ engine, version }) => `${engine} ${version}`)]
  const stateOf = ({ gates }: LegReport, name: string) => gates.find((gate) => gate.name === name)?.state
  const measuring = (stage: string) => (report: LegReport) => {
    const ran = report.steps.filter(({ name, cached }) => name.startsWith(`[${stage} `) && !cached)
    return ran.length === 0 ? 'cached' : formatDuration(ran.reduce((sum, { duration }) => sum + duration, 0))
  }
  return [
    titles,
    titles.map(() => '---'),
    ...gateNames.map((name) => [name, ...reports.map((report) => stateOf(report, name) ?? '–')]),
    [
      'conditions',
      ...reports.map(({ conditions }) => conditions.map(({ name }) => name).join(' ') || 'none'),
    ],
    ...['measured-base', 'running-base', 'measured-image'].map((stage) => [
      `stage ${stage}`,
      ...reports.map(measuring(stage)),
    ]),
  ]
}

const runs = join(kept, 'runs')
rmSync(runs, { recursive: true, force: true })
mkdirSync(runs, { recursive: true })
const header = [
  ...['Image', ...componentNames, 'integration', 'gates passed'],
  ...['wall time', 'steps not from the cache', 'added, compressed'],
]
const rows: string[][] = [header, header.map(() => '---')]
const reports: LegReport[] = []
for (const image of images) {
  const name = `${image.engine} ${image.versions} + aibrix ${image['aibrix-version']}`
  console.log(`\n${name}`)
  const run = await runStep({ ...common, ...image }, runs)
  console.log(`\n${run.summary}`)
  writeFileSync(join(runs, `${image.engine}-${image.versions}.md`), run.summary)
  if (process.exitCode === 130) break
  if (run.code !== 0) process.exitCode = 1
  const report = await reportOf(run)
  rows.push(row(name, run, report))
  if (report) reports.push(report)
}
for (const table of [rows, gateTable(reports)])
  console.log(`\n${table.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}`)
