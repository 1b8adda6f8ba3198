import * as v from 'valibot'

const moved = v.variant('outcome', [
  v.object({
    outcome: v.literal('ok'),
    /** As `ucx_perftest` reports it for messages of 1 MiB; above nothing */
    megabytesPerSecond: v.number(),
  }),
  v.object({
    outcome: v.literal('error'),
    /** The line of UCX that says why, or how its tool ended */
    error: v.string(),
    /** Why a program without UCX can't do it either where the image was measured; null if it can */
    sandbox: v.nullable(v.string()),
  }),
])

/** What `ucx_perftest` moved between two processes, with nothing but this transport. */
export const loopback = v.object({ sharedMemory: moved, tcp: moved })

export type Loopback = v.InferOutput<typeof loopback>
