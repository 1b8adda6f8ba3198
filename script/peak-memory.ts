import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'

/**
 * Watches a process on Linux while it runs. @returns a function that returns its peak memory so
 * far, in MB (proc(5): VmHWM)
 */
export function peakMemoryOf(child: ChildProcess, every = 100): () => number {
  let peak = 0
  const look = (): void => {
    try {
      const status = readFileSync(`/proc/${String(child.pid)}/status`, 'utf8')
      peak = Math.max(peak, Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1000)
    } catch {
      // The process has ended; its peak was read before.
    }
  }
  const timer = setInterval(look, every)
  child.once('close', () => {
    clearInterval(timer)
  })
  return () => peak
}
