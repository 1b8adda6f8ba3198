import * as v from 'valibot'
import { outcome } from '../outcome.ts'

/**
 * The answers of the probes in `dockerfiles/gpu`, one container each. They measure and never judge.
 * A probe prints its answer after each step, and the last one counts, so that a crash shows how far
 * it came.
 */
const answer = {
  /** The last step that began; `end` after the last one */
  step: v.string(),
  /** An interface that the probe needs and this image lacks; null if it has all */
  lacks: v.nullable(v.string()),
  /** The first GPU; null if the probe did not get that far, or needs none */
  device: v.nullable(v.object({ name: v.string(), capability: v.string(), count: v.number() })),
}

const difference = v.nullable(v.object({ count: v.number(), first: v.number() }))

/** `what` was compared with a reference on the CPU, or with what was sent. */
const comparison = v.object({ what: v.string(), differs: difference })

const engine = v.object({
  ...answer,
  /** What the engine calls its device: `cuda` */
  platform: v.nullable(v.string()),
  compared: v.array(comparison),
})

const cacheOperator = v.object({ ...answer, compared: v.array(comparison) })

const nixlTransfer = v.object({
  ...answer,
  /** From where to where: `cuda:0 to cuda:1` */
  between: v.nullable(v.string()),
  plugins: v.nullable(v.array(v.string())),
  /** The last state of the transfer: `DONE`, `ERR` */
  state: v.nullable(v.string()),
  differs: difference,
})

/** Transports in `ucx_info -d`; null if it was not started */
const ucx = v.object({ ...answer, transports: v.nullable(v.array(v.string())) })

export const probeAnswers = { engine, cacheOperator, nixlTransfer, ucx } as const
export type ProbeName = keyof typeof probeAnswers
export const probeNames = Object.keys(probeAnswers) as ProbeName[]

/**
 * What became of a probe. `not started`: no container with a GPU could be started, so nothing is
 * known of the image. `ran`: how its process ended; the answer is undefined if it gave none.
 */
export type Probed<Name extends ProbeName> =
  | { state: 'not started'; why: string }
  | {
      state: 'ran'
      answer: v.InferOutput<(typeof probeAnswers)[Name]> | undefined
      process: v.InferOutput<typeof outcome>
    }

export type GpuFacts = { [Name in ProbeName]: Probed<Name> }
