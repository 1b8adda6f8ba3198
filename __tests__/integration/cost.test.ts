import { expect, it } from '@jest/globals'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runAction } from './action.ts'
import { useStandIns, withProgram } from './stand-in-inputs.ts'

const minutes = 60_000

const world = useStandIns()

const vllm = { engine: 'vllm', versions: 'v0.21.0', 'aibrix-version': 'v0.7.0' }

/** A docker that answers as the real one, but prints 200 MB in the form of `--progress=rawjson` when it builds. */
const talkative = `#!/bin/sh
case "$*" in
  'buildx version'*) echo 'github.com/docker/buildx v0.13.1 0000000'; exit ;;
  'buildx inspect'*) printf 'Name: default\\nDriver: docker\\nPlatforms: linux/amd64, linux/arm64\\n'; exit ;;
  'info'*) echo '{"ServerVersion":"26.1.5","DriverStatus":[["driver-type","io.containerd.snapshotter.v1"]]}'; exit ;;
esac
exec ${process.execPath} -e '
const { writeSync } = require("node:fs")
const digest = "sha256:" + "0".repeat(64)
const write = (text) => { for (let rest = Buffer.from(text); rest.length > 0; ) try { rest = rest.subarray(writeSync(2, rest)) } catch (error) { if (error.code !== "EAGAIN") throw error } }
write(JSON.stringify({ vertexes: [{ digest, name: "[wheel 1/1] RUN make", started: new Date().toISOString() }] }, null, 2) + "\\n")
const data = Buffer.from(("x".repeat(99) + "\\n").repeat(300)).toString("base64")
for (let written = 0; written < 200e6; ) {
  const text = JSON.stringify({ logs: [{ vertex: digest, stream: 2, data, timestamp: new Date().toISOString() }] }, null, 2) + "\\n"
  write(text)
  written += text.length
}
write("ERROR: process did not complete successfully: exit code: 1\\n")
process.exit(1)'
`

/** @returns the largest memory of a process so far, in MB (Linux, proc(5): VmHWM) */
function peakMemory(pid: number): number {
  const match = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(match?.[1] ?? 0) / 1000
}

it(
  '200 MB that BuildKit prints cost at most 150 MB of memory',
  async () => {
    const path = withProgram(mkdtempSync(join(tmpdir(), 'path-')), 'docker', talkative)
    let peak = 0
    const run = await runAction(world().inputs({ ...vllm, push: 'false' }), {
      environment: { PATH: path },
      watch: ({ pid }) => {
        try {
          if (pid !== undefined) peak = Math.max(peak, peakMemory(pid))
        } catch {
          // It has ended; what it needed was seen before.
        }
      },
    })
    expect(run.code).toBe(1)
    expect(run.log).toContain('lines more, which the log file has')
    console.log(`peak memory with 200 MB of output: ${peak.toFixed(0)} MB`)
    expect(peak).toBeGreaterThan(20)
    expect(peak).toBeLessThan(150)
  },
  3 * minutes,
)

it(
  'the plan is there 300 ms after the start',
  async () => {
    const times: number[] = []
    for (let attempt = 0; attempt < 7; attempt += 1) {
      const started = performance.now()
      let planned = Infinity
      await runAction(world().inputs({ ...vllm, push: 'false', builder: 'no-such-builder' }), {
        watch: (_, output) => {
          if (/^ {2}tag /m.test(output)) planned = Math.min(planned, performance.now() - started)
        },
      })
      times.push(planned)
    }
    const median = times.sort((left, right) => left - right)[3] ?? Infinity
    console.log(`start to plan: ${median.toFixed(0)} ms (median of 7)`)
    expect(median).toBeLessThan(300)
  },
  minutes,
)
