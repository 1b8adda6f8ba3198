// The part of script/bench after the inputs exist: runs each row, and prints one table at the end.
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { humanBytes } from '../src/text.ts'
import { type BenchInputs, openBenchInputs, type Versions } from './bench-inputs.ts'
import { type CountingRegistry, openCountingRegistry, type Traffic } from './bench-registry.ts'
import { runTheirs } from './bench-theirs.ts'
import { openFreshEngine, removeWithMounts } from './fresh-engine.ts'
import { peakMemoryOf } from './peak-memory.ts'
import { registry, runAction } from './runner.ts'

/** Measurements of one side for one row. */
type Measured = { seconds: number; traffic: Traffic; memory: number; failed: boolean; note: string }
type Row = { id: string; title: string; versions: Versions }

const real = process.argv[2] === 'real'
const kept = resolve('.cache/bench', real ? 'real' : 'stand-ins')
const logs = join(kept, 'logs')
const bundle = process.env.BPA
const wanted = (process.env.ROWS ?? 'cold same nixl aibrix').split(/[\s,]+/)
const namespace = chooseNamespace()

/** A new namespace for a cold row, otherwise the previous one */
function chooseNamespace(): string {
  const file = join(kept, 'namespace')
  mkdirSync(kept, { recursive: true })
  if (!wanted.includes('cold') && existsSync(file)) return readFileSync(file, 'utf8')
  const name = `bench-${randomBytes(4).toString('hex')}`
  writeFileSync(file, name)
  return name
}

/** Runs one side on a separate, empty engine. */
async function measured(
  door: CountingRegistry,
  work: (
    environment: NodeJS.ProcessEnv,
  ) => Promise<{ failed: boolean; memory: number; log: string; note: string }>,
  name: string,
): Promise<Measured> {
  const engine = await openFreshEngine(join(kept, 'engines'))
  try {
    door.take()
    const start = performance.now()
    const { log, ...result } = await work(engine.environment)
    const seconds = (performance.now() - start) / 1000
    writeFileSync(join(logs, `${name}.log`), log)
    if (result.failed) console.log(log.split('\n').slice(-30).join('\n'))
    const traffic = door.take()
    writeFileSync(join(logs, `${name}.requests`), `${traffic.requests.join('\n')}\n`)
    return { seconds, traffic, ...result }
  } finally {
    await engine.close()
  }
}

function ours(inputs: BenchInputs, { id, versions }: Row, door: CountingRegistry): Promise<Measured> {
  return measured(
    door,
    async (environment) => {
      let memory = (): number => 0
      const run = await runAction(
        { ...inputs.ours(versions), namespace },
        {
          temp: join(kept, 'runs'),
          environment,
          watch: (child, output) => {
            if (output === '') memory = peakMemoryOf(child)
          },
        },
      )
      writeFileSync(join(logs, `${id}-ours.md`), run.summary)
      const compiled = ['build-wheel', 'build-ucx'].filter((step) => ran(run.log, step))
      const note = compiled.length === 0 ? 'nothing' : compiled.join(', ')
      return { failed: run.code !== 0, memory: memory(), log: run.log, note }
    },
    `${id}-ours`,
  )
}

function theirs(inputs: BenchInputs, { id, versions }: Row, door: CountingRegistry): Promise<Measured> {
  return measured(
    door,
    async (environment) => {
      const results: Awaited<ReturnType<typeof runTheirs>>[] = []
      for (const engine of Object.keys(inputs.engines))
        results.push(
          await runTheirs(
            bundle ?? '',
            {
              ...inputs.theirs(engine, versions),
              tag: `${door.host}/${namespace}-theirs/${engine}:${id}`,
              cache: `${door.host}/${namespace}-theirs/${engine}:cache`,
            },
            environment,
            join(kept, 'runs'),
          ),
        )
      const log = results.map((result) => result.log).join('\n')
      const compiled = ['build-wheel', 'build-ucx'].filter((step) => ranPlain(log, step))
      return {
        failed: results.some(({ code }) => code !== 0),
        memory: Math.max(...results.map(({ memory }) => memory)),
        log,
        note: compiled.length === 0 ? 'nothing' : compiled.join(', '),
      }
    },
    `${id}-theirs`,
  )
}

/** Returns whether a step ran, by this action's log. */
function ran(log: string, step: string): boolean {
  return new RegExp(`RUN ${step} \\d`).test(log)
}

/**
 * Returns whether a step ran, by BuildKit's plain progress, which prints CACHED for the number of a
 * cached step.
 */
function ranPlain(log: string, step: string): boolean {
  return [...log.matchAll(new RegExp(`^#(\\d+) \\[.*RUN .*"${step}"\\]$`, 'gm'))].some(
    ([line, number]) => !log.includes(`${line}\n#${number ?? ''} CACHED`),
  )
}

function cells(result: Measured | undefined, images: number): string[] {
  if (!result) return ['–', '–', '–', '–', '–', '–', '–']
  const { seconds, traffic, memory, failed, note } = result
  return [
    failed ? `failed after ${seconds.toFixed(1)}` : seconds.toFixed(1),
    humanBytes(traffic.down),
    humanBytes(traffic.up),
    String(traffic.layers.length),
    (traffic.requests.length / images).toFixed(1),
    `${memory.toFixed(0)} MB`,
    note,
  ]
}

function table(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => `| ${row.join(' | ')} |`).join('\n')
}

// Removes what a killed run left
removeWithMounts(join(kept, 'engines'))
rmSync(logs, { recursive: true, force: true })
mkdirSync(logs, { recursive: true })
const door = await openCountingRegistry(registry)
const inputs = await openBenchInputs(
  real,
  door.host,
  registry,
  process.env.ENGINES ?? (real ? 'vllm' : 'vllm, sglang'),
)
const { before, nixl, aibrix } = inputs
const all: Row[] = [
  { id: 'cold', title: 'cold: nothing exists', versions: before },
  { id: 'same', title: 'fresh runner, no change', versions: before },
  { id: 'nixl', title: `fresh runner, NIXL ${before.nixl} → ${nixl.nixl}`, versions: nixl },
  { id: 'aibrix', title: `fresh runner, AIBrix ${nixl.aibrix} → ${aibrix.aibrix}`, versions: aibrix },
]
const images = Object.keys(inputs.engines).length
const header = [
  '',
  'of',
  's',
  'from the registry',
  'to the registry',
  'layers moved',
  'requests per image',
  'memory',
  'compiled',
]
const rows: string[][] = []
try {
  for (const row of all.filter(({ id }) => wanted.includes(id))) {
    const left = await ours(inputs, row, door)
    rows.push([row.title, 'ours', ...cells(left, images)])
    console.log(table(rows.slice(-1)))
    if (bundle) {
      const right = await theirs(inputs, row, door)
      const ratio = left.failed || right.failed ? '' : ` (${(right.seconds / left.seconds).toFixed(1)} ×)`
      const [seconds = '', ...rest] = cells(right, images)
      rows.push(['', 'build-push-action', `${seconds}${ratio}`, ...rest])
      console.log(table(rows.slice(-1)))
      if (right.failed) process.exitCode = 1
    }
    if (left.failed) process.exitCode = 1
  }
} finally {
  await inputs.close()
  await door.close()
}
const engines = Object.entries(inputs.engines).map((pair) => pair.join(' '))
console.log(`\n${inputs.name}: ${engines.join(', ')}. Logs, summaries and requests: ${relative('.', logs)}\n`)
console.log(table([header, header.map(() => '---'), ...rows]))
