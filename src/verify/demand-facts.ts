import * as v from 'valibot'

/** A version that the engine's source demands of another package, and where it does. */
const floor = v.object({
  /** Normalised distribution name */
  distribution: v.string(),
  /** Whether the version itself is enough */
  bound: v.picklist(['>=', '>']),
  version: v.string(),
  /** From the folder of the engine's package on: `vllm/distributed/nixl_utils.py` */
  file: v.string(),
  line: v.number(),
  /** `call`: `check_nixl_version("1.5.0")`. `comparison`: of versions, in whatever part of the engine may need it */
  form: v.picklist(['call', 'comparison']),
})

export const runnerNames = ['V1', 'V2'] as const

/** vLLM's model runners (vllm/v1/worker/gpu_model_runner.py and gpu/model_runner.py). */
const runners = v.object({
  there: v.array(v.picklist(runnerNames)),
  /** Whether V2 can be what runs where nothing is set; null if that can't be told */
  v2Default: v.nullable(v.boolean()),
  /** Whether VLLM_USE_V2_MODEL_RUNNER is known */
  switch: v.boolean(),
  /** A file that can't be read, with the reason */
  error: v.nullable(v.string()),
})

/** Engine's distribution name → what its source says */
export const demands = v.record(
  v.string(),
  v.object({
    floors: v.array(floor),
    /** Files that could hold a floor and can't be read */
    unread: v.array(v.object({ file: v.string(), error: v.string() })),
    /** Names of the KV connectors or storage backends that its factory knows */
    connectors: v.array(v.string()),
    /** Of vLLM alone */
    runners: v.nullable(runners),
  }),
)

/** Where AIBrix puts its functions in place of those of a model runner. */
export const hooks = v.object({
  found: v.array(
    v.object({
      runner: v.picklist(runnerNames),
      /** Whether the engine has the class */
      there: v.boolean(),
      /** Methods that the class lacks */
      missing: v.array(v.string()),
    }),
  ),
  /** A file of AIBrix that can't be read, with the reason */
  error: v.nullable(v.string()),
})

export type Floor = v.InferOutput<typeof floor>
export type Runners = v.InferOutput<typeof runners>
export type Hooks = v.InferOutput<typeof hooks>
