// How long the compilers of a build ran, from the processes of its engine: the steps print no
// times, and another action's log is not ours.
import { readdirSync, readFileSync } from 'node:fs'

export type Process = { pid: number; parent: number; name: string; arguments: readonly string[] }

/** Milliseconds between two looks at the processes */
const interval = 250

/**
 * Returns whether nvcc or ld of AIBrix's wheel, or make of UCX runs below a process. The configure
 * script of UCX runs ld, too, and `make install` compiles nothing.
 */
export function isCompiling(processes: readonly Process[], root: number): boolean {
  const children = Map.groupBy(processes, ({ parent }) => parent)
  const isAtWork = (pid: number, inUcx: boolean): boolean =>
    (children.get(pid) ?? []).some((child) => {
      const ucx = inUcx || child.arguments.at(-1) === 'build-ucx'
      return isCompiler(child, ucx) || isAtWork(child.pid, ucx)
    })
  return isAtWork(root, false)
}

function isCompiler(process: Process, inUcx: boolean): boolean {
  if (inUcx) return process.name === 'make' && !process.arguments.includes('install')
  return process.name === 'nvcc' || /^ld(\.|$)/.test(process.name)
}

/** Watches the processes of an engine. @returns a function that ends this, and returns the seconds */
export function watchCompilers(engine: () => number | undefined): () => number {
  let milliseconds = 0
  let last = performance.now()
  const timer = setInterval(() => {
    const now = performance.now()
    const pid = engine()
    if (pid !== undefined && isCompiling(runningProcesses(), pid)) milliseconds += now - last
    last = now
  }, interval)
  return () => {
    clearInterval(timer)
    return milliseconds / 1000
  }
}

/** Linux, proc(5) */
function runningProcesses(): Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
        const [, name = '', parent = ''] = /^\d+ \((.*)\) \S (\d+)/s.exec(stat) ?? []
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean)
        return [{ pid: Number(pid), parent: Number(parent), name, arguments: words }]
      } catch {
        // It has ended.
        return []
      }
    })
}
