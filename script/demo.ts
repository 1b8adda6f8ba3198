// The part of script/demo after script/setup; the argument is the duration of that in seconds.
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { formatDuration } from '../src/text.ts'
import { serveIndex } from '../stand-ins/index-server.ts'
import type { StandIns } from '../stand-ins/prepare.ts'
import { demoInputs, ownNamespace, prepareBases } from './demo-parts.ts'
import { runInTerminal, type TerminalRun } from './in-terminal.ts'
import { registry } from './runner.ts'

const namespace = ownNamespace()
const kept = resolve('.cache/demo')
const runs = join(kept, 'runs')
const times: [part: string, milliseconds: number][] = [['script/setup', Number(process.argv[2] ?? 0) * 1000]]

async function timed<T>(part: string, work: () => Promise<T> | T): Promise<T> {
  console.log(`\n── ${part}`)
  const start = performance.now()
  try {
    return await work()
  } finally {
    times.push([part, performance.now() - start])
  }
}

async function runOnStandIns(standIns: StandIns): Promise<TerminalRun> {
  const server = await serveIndex(standIns.index)
  try {
    return await runInTerminal('run', demoInputs(standIns, server.url), runs)
  } finally {
    await server.close()
  }
}

/** Prints a command and its output. @returns whether it succeeded */
function ask(args: string[]): boolean {
  console.log(`\n$ docker ${args.map((arg) => (/[\s;()]/.test(arg) ? `'${arg}'` : arg)).join(' ')}`)
  const { status, stdout, stderr } = spawnSync('docker', args, { encoding: 'utf8' })
  console.log(`${stdout}${stderr}`.trim())
  if (status !== 0) console.log(`Exit code ${String(status)}.`)
  return status === 0
}

function askImage(image: string): boolean {
  const inside = (...command: [string, ...string[]]) => {
    const [entrypoint, ...args] = command
    return ['run', '--rm', '--entrypoint', entrypoint, image, ...args]
  }
  const operator =
    'import torch, aibrix_kvcache._aibrix_C; print(torch.ops._aibrix_C_cache_ops.reshape_and_cache_multi_layer)'
  return [
    ask(['pull', '--quiet', image]),
    ask(inside('ucx_info', '-v')),
    ask(inside('python3', '-c', operator)),
    // Without RDMA devices or their kernel modules, it only prints that.
    ask(inside('sh', '-c', 'ibv_devices || true')),
  ].every(Boolean)
}

console.log(`
Both engines, with AIBrix v0.7.0, NIXL 0.7.1 and UCX 1.19.0, are built, verified and published to ${registry}/${namespace}.
Real:      the engine, BuildKit, the registry, bin/image-action, the Dockerfiles and all their steps, each gate, Debian, Python, pip,
           apt, g++, git, the debug tools.
Stand-ins: small versions of vLLM, SGLang, torch, CUDA, AIBrix, NIXL and UCX. Formats, versions and file names are real;
           nothing computes, and bytes move only in memory (stand-ins/README.md). script/real runs the same job on the real ones.`)
rmSync(kept, { recursive: true, force: true })
mkdirSync(kept, { recursive: true })
const standIns = await timed('stand-ins', prepareBases)
const run = await timed('bin/image-action', () => runOnStandIns(standIns))
const summaryFile = join(kept, 'summary.md')
writeFileSync(summaryFile, run.summary)
console.log(`\nThe summary as Markdown: ${relative('.', summaryFile)}`)
if (run.code === 0) {
  const tags = run.outputs.tags as string[]
  const good = await timed('output of the published images', () => tags.map(askImage).every(Boolean))
  if (tags.length !== 2 || !good) process.exitCode = 1
} else process.exitCode ??= 1
console.log(`\n── time`)
const total = times.reduce((sum, [, duration]) => sum + duration, 0)
for (const [part, duration] of [...times, ['total', total] as const])
  console.log(`  ${part.padEnd(34)} ${formatDuration(duration).padStart(10)}`)
console.log(
  `\n${process.exitCode === undefined ? 'The demo succeeded' : 'The demo FAILED'}. Logs: ${relative('.', runs)}. The engine and the registry are still running.`,
)
