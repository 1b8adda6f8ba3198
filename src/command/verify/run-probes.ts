import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import * as v from 'valibot'
import { jsonOf } from '../../json.ts'
import type { Engine } from '../../plan/index.ts'
import { type ProcessResult, runProcess } from '../../system/index.ts'
import { excerpt } from '../../text.ts'
import { type GpuFacts, probeAnswers, type Probed, type ProbeName } from '../../verify/index.ts'
import type { Machine } from '../world/machine.ts'

/** Milliseconds for each probe, with the start of its container and the imports of an engine */
const timeout = 240_000
const killAfter = 4000
/** Milliseconds for the removal of a container; a runner waits a few seconds after a cancel */
const removal = 10_000

/** Of `docker run`: the engine could not start the container, so the image says nothing. */
const notStarted = [125]

/** The file of each probe in `dockerfiles/gpu`, which runs alone in a container */
const files: Record<ProbeName, string> = {
  engine: 'engine.py',
  cacheOperator: 'cache_operator.py',
  nixlTransfer: 'nixl_transfer.py',
  ucx: 'ucx.py',
}

/** Begins the lines with answers; the last one counts. */
const marker = 'image-action-probe: '

export type ProbedImage = {
  /** By its digest, as docker takes it */
  image: string
  platform: string
  engine: Engine
  /** As `docker run --gpus` takes them */
  gpus: string
}

type ProbeMachine = Pick<Machine, 'dockerfiles' | 'environment' | 'signal' | 'log'> & {
  waits: Pick<Machine['waits'], 'build'>
}

type Docker = (args: readonly string[]) => Promise<ProcessResult>

/**
 * Runs each probe on a GPU, as the image's user, in a container of its own without a network: one that
 * crashes or hangs takes nothing else with it.
 * @param machine with the environment of the docker session
 */
export async function runProbes(probed: ProbedImage, machine: ProbeMachine): Promise<GpuFacts> {
  const { environment, signal } = machine
  const docker: Docker = (args) => runProcess('docker', args, { environment, signal, killAfter, timeout })
  const run = <Name extends ProbeName>(name: Name) => runProbe(name, probed, docker, machine)
  const why = await pull(probed, machine)
  if (why !== undefined) {
    const not = { state: 'not started', why } as const
    return { engine: not, cacheOperator: not, nixlTransfer: not, ucx: not }
  }
  // One after the other: two on one GPU would compete for its memory.
  const engine = await run('engine')
  const cacheOperator = await run('cacheOperator')
  const nixlTransfer = await run('nixlTransfer')
  return { engine, cacheOperator, nixlTransfer, ucx: await run('ucx') }
}

/** An image has gigabytes, which no time limit of a probe allows for. @returns why it is not there */
async function pull(
  { image, platform }: ProbedImage,
  { environment, signal, log, waits }: ProbeMachine,
): Promise<string | undefined> {
  log('Pulling the image for the GPU')
  const options = { environment, signal, killAfter, timeout: waits.build }
  const { exit, stderr } = await runProcess(
    'docker',
    ['pull', '--quiet', '--platform', platform, image],
    options,
  )
  signal.throwIfAborted()
  return exit.kind === 'code' && exit.code === 0 ? undefined : `docker did not pull it: ${lastLine(stderr)}`
}

async function runProbe<Name extends ProbeName>(
  name: Name,
  probed: ProbedImage,
  docker: Docker,
  { dockerfiles, environment, log, signal }: ProbeMachine,
): Promise<Probed<Name>> {
  const container = `image-action-probe-${randomBytes(4).toString('hex')}`
  log(`On a GPU: ${files[name]}`)
  let result: ProcessResult | undefined
  try {
    result = await docker(argumentsOf(files[name], container, probed, dockerfiles))
  } finally {
    // Also after a cancel: the container does not end with docker's process.
    if (result?.endedBy !== 'itself')
      await runProcess('docker', ['rm', '--force', container], {
        ...{ environment, killAfter, timeout: removal },
        signal: new AbortController().signal,
      })
  }
  signal.throwIfAborted()
  const { exit, stdout, stderr } = result
  if (exit.kind === 'code' && notStarted.includes(exit.code))
    return {
      state: 'not started',
      why: `docker did not start a container with --gpus ${probed.gpus}: ${dockersReason(stderr)}`,
    }
  return { state: 'ran', answer: answerOf(name, stdout), process: outcomeOf(result) }
}

/** @returns the command of one probe, without `docker` */
export function argumentsOf(
  file: string,
  container: string,
  { image, platform, engine, gpus }: ProbedImage,
  dockerfiles: string,
): string[] {
  const folder = '/run/image-action-gpu'
  const mount = `type=bind,source=${join(dockerfiles, 'gpu')},target=${folder},readonly`
  return [
    ...['run', '--rm', '--name', container, '--gpus', gpus, '--network', 'none', '--platform', platform],
    // NIXL and UCX share memory between processes, for which 64 MiB are too little.
    ...['--shm-size', '1g', '--mount', mount, '--env', 'PYTHONDONTWRITEBYTECODE=1'],
    ...['--entrypoint', 'python3', image, `${folder}/${file}`, engine],
  ]
}

function answerOf<Name extends ProbeName>(name: Name, stdout: string) {
  const last = stdout.split('\n').findLast((line) => line.startsWith(marker))
  if (last === undefined) return undefined
  const result = v.safeParse(probeAnswers[name], jsonOf(last.slice(marker.length)))
  return result.success ? result.output : undefined
}

function outcomeOf({ exit, endedBy, stderr }: ProcessResult) {
  if (endedBy === 'timeout')
    return { outcome: 'error', error: `it did not end within ${timeout / 1000} s` } as const
  if (exit.kind === 'code' && exit.code === 0) return { outcome: 'ok' } as const
  const how = exit.kind === 'code' ? `exit code ${exit.code}` : `killed by ${exit.signal}`
  return { outcome: 'error', error: lastLine(stderr) || how } as const
}

/** @returns what docker run says itself, before its hint to read its help */
function dockersReason(text: string): string {
  const own = /^docker: (?:Error response from daemon: )?(.+)/m.exec(text)?.[1]
  return own === undefined ? lastLine(text) : excerpt(own, 400)
}

function lastLine(text: string): string {
  return excerpt(text.trimEnd().split('\n').at(-1) ?? '', 400)
}
