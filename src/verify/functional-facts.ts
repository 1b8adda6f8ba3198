import * as v from 'valibot'
import { outcome } from './outcome.ts'

/** Bytes that came out otherwise than they went in: how many, and the offset of the first. */
const difference = v.object({ count: v.number(), first: v.number() })

/** What two agents of NIXL in one process came to (`dockerfiles/scripts/measure/nixl_transfer.py`). */
export const nixlTransfer = v.object({
  /** Whether there was a libcuda.so.1 to load: a stub, or the driver's own */
  driver: v.boolean(),
  /** How far it came: `start`, `import`, `agents`, `register`, `transfer`, `end` */
  step: v.string(),
  /** Plugins that NIXL offers, `['POSIX', 'UCX']`; null if it did not come to say */
  plugins: v.nullable(v.array(v.string())),
  /** Plugins that came with it and that it does not offer; why the loader refuses each, null where it does not */
  missing: v.array(v.object({ plugin: v.string(), error: v.nullable(v.string()) })),
  /** NIXL's last word on the transfer: `DONE`, `ERR` */
  state: v.nullable(v.string()),
  differs: v.nullable(difference),
  /** How the process ended */
  process: outcome,
})

/** Blocks that were taken from the cache again. */
const taken = v.object({ bytes: v.number(), differs: v.nullable(difference) })

/** What blocks that were put into AIBrix' cache came back as (`dockerfiles/scripts/measure/kvcache.py`). */
export const kvcacheRoundTrip = v.object({
  /** How far it came: `start`, `import`, `memory`, `files`, `end` */
  step: v.string(),
  /** What this release does not have of that by which the cache is tried; null if it has all */
  lacks: v.nullable(v.string()),
  memory: v.nullable(taken),
  /** Through the shared file system backend; null where the release has none */
  files: v.nullable(taken),
  /** How the process ended */
  process: outcome,
})

export type Difference = v.InferOutput<typeof difference>
export type NixlTransfer = v.InferOutput<typeof nixlTransfer>
export type KvcacheRoundTrip = v.InferOutput<typeof kvcacheRoundTrip>
