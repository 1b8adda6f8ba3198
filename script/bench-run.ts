// One side of one row of script/bench: on an empty engine, through the counting registry.
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { watchCompilers } from './bench-compilers.ts'
import type { BenchInputs, Combination } from './bench-inputs.ts'
import { measuringOf } from './bench-measuring.ts'
import type { CountingRegistry, Traffic } from './bench-registry.ts'
import { runTheirs } from './bench-theirs.ts'
import { outputOf } from './child-output.ts'
import { openFreshEngine } from './fresh-engine.ts'
import { peakMemoryOf } from './peak-memory.ts'
import { runAction } from './runner.ts'

/** What one side took for one row. */
export type Measured = {
  seconds: number
  /** Seconds in which nvcc or ld of the wheel, or make of UCX ran */
  compiling: number
  /** Seconds in which nothing but our measuring ran */
  measuring: number
  traffic: Traffic
  /** MB, of the action's own process */
  memory: number
  failed: boolean
  /** The steps that compile and ran */
  compiled: readonly string[]
}

export type Bench = {
  inputs: BenchInputs
  door: CountingRegistry
  /** Folder of engines and of the runners' files */
  folder: string
  logs: string
  /** build-push-action's bundle; undefined: only this action is measured */
  bundle: string | undefined
}

/** Part of a row's log files, namespace, and what is built */
export type Attempt = { name: string; namespace: string; combination: Combination }

type Result = Pick<Measured, 'memory' | 'failed' | 'compiled'> & { log: string }

async function measured(
  { door, folder, logs }: Bench,
  name: string,
  work: (environment: NodeJS.ProcessEnv) => Promise<Result>,
): Promise<Measured> {
  const engine = await openFreshEngine(join(folder, 'engines'))
  try {
    door.take()
    const compilingUntilNow = watchCompilers(engine.pid)
    const start = performance.now()
    const { log, ...result } = await work(engine.environment).finally(compilingUntilNow)
    const seconds = (performance.now() - start) / 1000
    const traffic = door.take()
    writeFileSync(join(logs, `${name}.log`), log)
    writeFileSync(join(logs, `${name}.requests`), `${traffic.requests.join('\n')}\n`)
    if (result.failed) console.log(log.split('\n').slice(-30).join('\n'))
    return { seconds, compiling: compilingUntilNow(), measuring: 0, traffic, ...result }
  } finally {
    await engine.close()
  }
}

/** Pulls base images in parallel: no build on these can be faster. */
export function pullBases(bench: Bench, name: string, images: readonly string[]): Promise<Measured> {
  return measured(bench, name, async (environment) => {
    const env = { ...process.env, ...environment }
    const pulls = await Promise.all(
      images.map((image) => outputOf(spawn('docker', ['pull', image], { env }))),
    )
    return {
      failed: pulls.some(({ code }) => code !== 0),
      memory: 0,
      log: pulls.map(({ output }) => output).join(''),
      compiled: [],
    }
  })
}

/** Runs this action. */
export async function runOurs(bench: Bench, { name, namespace, combination }: Attempt): Promise<Measured> {
  let measuring = (): Promise<number> => Promise.resolve(0)
  const result = await measured(bench, `${name}-ours`, async (environment) => {
    let memory = (): number => 0
    const run = await runAction(
      { ...bench.inputs.ours(combination), namespace },
      {
        temp: join(bench.folder, 'runs'),
        environment,
        watch: (child, output) => {
          if (output === '') memory = peakMemoryOf(child)
        },
      },
    )
    writeFileSync(join(bench.logs, `${name}-ours.md`), run.summary)
    measuring = () => measuringOf(run, namespace)
    return { failed: run.code !== 0, memory: memory(), log: run.log, compiled: compiledIn(run.log) }
  })
  return { ...result, measuring: await measuring() }
}

/** Runs docker/build-push-action, once for each engine. */
export function runBuildPushAction(
  bench: Bench,
  { name, namespace, combination }: Attempt,
): Promise<Measured> {
  return measured(bench, `${name}-theirs`, async (environment) => {
    const results: Awaited<ReturnType<typeof runTheirs>>[] = []
    for (const engine of Object.keys(combination.engines)) {
      const repository = `${bench.door.host}/${theirRepository(namespace, engine)}`
      const build = {
        ...bench.inputs.theirs(engine, combination),
        tag: `${repository}:${name}`,
        cache: `${repository}:cache`,
      }
      results.push(await runTheirs(bench.bundle ?? '', build, environment, join(bench.folder, 'runs')))
    }
    const log = results.map((result) => result.log).join('\n')
    return {
      failed: results.some(({ code }) => code !== 0),
      memory: Math.max(...results.map(({ memory }) => memory)),
      log,
      compiled: compiledInPlain(log),
    }
  })
}

/** Returns where build-push-action's images and cache are. */
export function theirRepository(namespace: string, engine: string): string {
  return `${namespace}-theirs/${engine}`
}

/** Returns the compiling steps that ran, by this action's log. */
export function compiledIn(log: string): string[] {
  return unique([...log.matchAll(/RUN (build-[a-z]+) \d/g)].map(([, step = '']) => step))
}

/**
 * Returns the compiling steps that ran, by BuildKit's plain progress, which prints CACHED for the
 * number of a cached step.
 */
export function compiledInPlain(log: string): string[] {
  const steps = [...log.matchAll(/^#(\d+) \[.*RUN .*"(build-[a-z]+)"\]$/gm)]
  return unique(
    steps
      .filter(([line, number = '']) => !log.includes(`${line}\n#${number} CACHED`))
      .map(([, , step = '']) => step),
  )
}

function unique(steps: readonly string[]): string[] {
  return [...new Set(steps)].sort()
}
