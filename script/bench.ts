// The part of script/bench after the inputs exist: runs each row, and prints the tables at the end.
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { prepareBigBases } from './bench-big.ts'
import { describeEngine, engineVersions, hasFault } from './bench-engine.ts'
import { type Combination, openBenchInputs } from './bench-inputs.ts'
import { judge, median, type RowId, rowIds, type Verdict } from './bench-limits.ts'
import { openCountingRegistry } from './bench-registry.ts'
import { restoreSnapshot, type Snapshot, takeSnapshot } from './bench-repeat.ts'
import {
  type Attempt,
  type Bench,
  type Measured,
  pullBases,
  runBuildPushAction,
  runOurs,
  theirRepository,
} from './bench-run.ts'
import { type Floor, type Line, tables } from './bench-table.ts'
import { removeWithMounts } from './fresh-engine.ts'
import { registry } from './runner.ts'

const isReal = process.argv[2] === 'real'
const base = !isReal ? 'stand-ins' : process.env.BASE === 'big' ? 'big' : 'real'
const folder = resolve('.cache/bench', base)
const logs = join(folder, 'logs')
const wanted = (process.env.ROWS ?? rowIds.join(' ')).split(/[\s,]+/)
const isFaultLeftOut = process.env.FAULT === 'without'
/** Of a row that is close to a limit */
const attempts = Number(process.env.ATTEMPTS ?? 3)

/** A new namespace for a cold row, otherwise the previous one */
function chooseNamespace(): string {
  const file = join(folder, 'namespace')
  if (!wanted.includes('cold') && existsSync(file)) return readFileSync(file, 'utf8')
  const name = `bench-${randomBytes(4).toString('hex')}`
  writeFileSync(file, name)
  return name
}

/** Measures a row, three times if it is close to a limit. */
async function measureRow(
  bench: Bench,
  id: RowId,
  combination: Combination,
  floor: Measured,
  isFaulty: boolean,
): Promise<Line> {
  const engines = Object.keys(combination.engines)
  const verdictOn = (ours: Measured, theirs: Measured | undefined): Verdict =>
    judge(
      id,
      {
        ...ours,
        floor: floor.seconds,
        requestsPerImage: ours.traffic.requests.length / engines.length,
        theirs: theirs?.seconds,
      },
      isFaulty,
    )
  const before = await takeSnapshot(registry, repositoriesOf(engines))
  const first = { name: id, namespace, combination }
  const ours = [await runOurs(bench, first)] as [Measured, ...Measured[]]
  const theirs = bench.bundle ? await runBuildPushAction(bench, first) : undefined
  const theirsAll = theirs && ([theirs] as [Measured, ...Measured[]])
  const { isClose } = verdictOn(ours[0], theirs)
  if ((isClose.seconds || isClose.against) && !ours[0].failed)
    for (let number = 2; number <= attempts; number += 1) {
      const attempt = await againFrom(before, first, number)
      ours.push(await runOurs(bench, attempt))
      if (isClose.against) theirsAll?.push(await runBuildPushAction(bench, attempt))
    }
  const [our, their] = [median(ours), theirsAll && median(theirsAll)]
  return {
    title: titleOf(id, combination),
    times: ours.length,
    floor,
    ours: our,
    theirs: their,
    images: engines.length,
    verdict: verdictOn(our, their),
  }
}

/** Returns all repositories that a run may read or write. */
function repositoriesOf(engines: readonly string[]): string[] {
  const ours = ['image-cache', 'vllm-openai', 'sglang'].map((name) => `${namespace}/${name}`)
  return [...ours, ...engines.map((engine) => theirRepository(namespace, engine))]
}

/** Copies what existed before a row into a namespace of its own. */
async function againFrom(before: Snapshot, first: Attempt, number: number): Promise<Attempt> {
  const copied = `${namespace}-${first.name}-${number}`
  await restoreSnapshot(registry, before, (repository) => repository.replace(namespace, copied))
  return { ...first, name: `${first.name}-${number}`, namespace: copied }
}

function namesOf(engines: Combination['engines']): string {
  return Object.entries(engines)
    .map((pair) => pair.join(' '))
    .join(', ')
}

function titleOf(id: RowId, { aibrix, nixl, engines }: Combination): string {
  const titles: Record<RowId, string> = {
    cold: 'cold: nothing exists',
    same: 'nothing new',
    nixl: `NIXL ${nixl}`,
    aibrix: `AIBrix ${aibrix}, compiled sources`,
    'aibrix-python': 'AIBrix, Python alone',
    engine: namesOf(engines),
  }
  return titles[id]
}

mkdirSync(folder, { recursive: true })
const namespace = chooseNamespace()
// Removes what a killed run left
removeWithMounts(join(folder, 'engines'))
rmSync(logs, { recursive: true, force: true })
mkdirSync(logs, { recursive: true })
const engine = engineVersions()
const door = await openCountingRegistry(registry)
const only = (process.env.ENGINES ?? (isReal ? 'vllm' : 'vllm, sglang')).split(/[\s,]+/)
const inputs = await openBenchInputs({ base, host: door.host, registry, only, isFaultLeftOut })
const bench: Bench = { inputs, door, folder, logs, bundle: process.env.BPA }
const floors = new Map<string, Floor>()
const lines: Line[] = []

/** Measures the pull of the bases, once for all rows with the same ones. */
async function floorOf({ engines }: Combination): Promise<Measured> {
  const title = `docker pull ${namesOf(engines)}`
  const known = floors.get(title)
  if (known) return known.measured
  const images = Object.values(inputs.bases(engines))
  // The first of several pulls may wait for the registry's disk, and every ratio depends on it.
  const pull = (number: number) => pullBases(bench, `floor-${floors.size + 1}-${number}`, images)
  const pulled = median([await pull(1), await pull(2), await pull(3)])
  if (pulled.failed) throw new Error(`${title} failed; the reason is in the lines above.`)
  floors.set(title, { title, measured: pulled })
  return pulled
}

try {
  if (base === 'big') await prepareBigBases(registry, Object.values(inputs.rows), folder)
  for (const id of rowIds.filter((row) => wanted.includes(row))) {
    const combination = inputs.rows[id]
    // The real SGLang has one version only.
    if (Object.keys(combination.engines).length === 0) continue
    const floor = await floorOf(combination)
    const line = await measureRow(bench, id, combination, floor, hasFault(engine) && !isFaultLeftOut)
    lines.push(line)
    console.log(tables([...floors.values()], [line]))
    if (line.ours.failed || line.theirs?.failed) process.exitCode = 1
  }
} finally {
  await inputs.close()
  await door.close()
}
console.log(`\n${inputs.name}. ${describeEngine(engine, isFaultLeftOut)}. Logs: ${relative('.', logs)}\n`)
console.log(tables([...floors.values()], lines))
