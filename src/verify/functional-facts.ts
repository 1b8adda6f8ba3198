import * as v from 'valibot'
import { outcome } from './outcome.ts'

/** Bytes that changed on the way: how many, and the offset of the first. */
const difference = v.object({ count: v.number(), first: v.number() })

/** A transfer between two NIXL agents (dockerfiles/scripts/measure/nixl_transfer.py). */
export const nixlTransfer = v.object({
  /** Whether a libcuda.so.1 could be loaded: a stub, or the driver's own */
  driver: v.boolean(),
  /** The last step: `start`, `import`, `agents`, `register`, `transfer`, `end` */
  step: v.string(),
  /** Plugins that NIXL offers, `['POSIX', 'UCX']`; null if it did not get that far */
  plugins: v.nullable(v.array(v.string())),
  /** Plugins that it ships and does not offer; `error` is the loader's, null if there is none */
  missing: v.array(v.object({ plugin: v.string(), error: v.nullable(v.string()) })),
  /** The last state of the transfer: `DONE`, `ERR` */
  state: v.nullable(v.string()),
  differs: v.nullable(difference),
  /** How the process ended */
  process: outcome,
})

/** Blocks that were read back from the cache. */
const readBack = v.object({ bytes: v.number(), differs: v.nullable(difference) })

/** Blocks written to AIBrix's cache and read back (dockerfiles/scripts/measure/kvcache.py). */
export const kvcacheRoundTrip = v.object({
  /** The last step: `start`, `import`, `memory`, `files`, `end` */
  step: v.string(),
  /** An interface that the test needs and this release lacks; null if it has all */
  lacks: v.nullable(v.string()),
  memory: v.nullable(readBack),
  /** Through the shared file system backend; null if the release has none */
  files: v.nullable(readBack),
  /** How the process ended */
  process: outcome,
})

const moved = v.variant('outcome', [
  v.object({
    outcome: v.literal('ok'),
    /** For messages of 1 MiB, from `ucx_perftest`; more than 0 */
    megabytesPerSecond: v.number(),
  }),
  v.object({
    outcome: v.literal('error'),
    /** The line of UCX with the reason, or how its tool ended */
    error: v.string(),
    /** Why a program without UCX can't do it there either; null if it can */
    sandbox: v.nullable(v.string()),
  }),
])

/** What `ucx_perftest` moved between two processes over one transport. */
export const loopback = v.object({ sharedMemory: moved, tcp: moved })

const end = v.variant('kind', [
  v.object({ kind: v.literal('exit'), code: v.number() }),
  v.object({ kind: v.literal('signal'), signal: v.string() }),
  /** It was still running after these seconds */
  v.object({ kind: v.literal('late'), seconds: v.number() }),
  v.object({ kind: v.literal('not started') }),
])

const ended = {
  end,
  /** The line that gives the reason; null where the exit code is 0 */
  line: v.nullable(v.string()),
}

const start = v.object({
  /** Ends with `--help` */
  command: v.array(v.string()),
  ...ended,
  /** How a second start ended; null if there was none, as in an image and after exit code 0 */
  again: v.nullable(v.object(ended)),
})

/** The base's ENTRYPOINT, and the engine's command if the ENTRYPOINT does not name the engine. */
export const starts = v.array(start)

export type NixlTransfer = v.InferOutput<typeof nixlTransfer>
export type KvcacheRoundTrip = v.InferOutput<typeof kvcacheRoundTrip>
export type Loopback = v.InferOutput<typeof loopback>
export type Start = v.InferOutput<typeof start>
export type Ended = Pick<Start, 'end' | 'line'>
