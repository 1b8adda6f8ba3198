import * as v from 'valibot'

/** The least version of a package that the engine's source demands, and where. */
const floor = v.object({
  /** Normalised distribution name */
  distribution: v.string(),
  /** `>=`: the version itself is enough */
  bound: v.picklist(['>=', '>']),
  version: v.string(),
  /** From the engine's package: `vllm/distributed/nixl_utils.py` */
  file: v.string(),
  line: v.number(),
  /** `call`: `check_nixl_version("1.5.0")`. `comparison`: of versions, perhaps in an unused part */
  form: v.picklist(['call', 'comparison']),
})

const runnerNames = ['V1', 'V2'] as const

/** vLLM's model runners (vllm/v1/worker/gpu_model_runner.py and gpu/model_runner.py). */
const runners = v.object({
  there: v.array(v.picklist(runnerNames)),
  /** Whether V2 can be the default; null if not known */
  v2Default: v.nullable(v.boolean()),
  /** Whether vLLM has VLLM_USE_V2_MODEL_RUNNER */
  switch: v.boolean(),
  /** A file that can't be read, and the reason */
  error: v.nullable(v.string()),
})

/** Engine's distribution name → what its source demands */
export const demands = v.record(
  v.string(),
  v.object({
    floors: v.array(floor),
    /** Files that could hold a floor and can't be read */
    unread: v.array(v.object({ file: v.string(), error: v.string() })),
    /** The KV connectors or storage backends of its factory */
    connectors: v.array(v.string()),
    /** vLLM only */
    runners: v.nullable(runners),
  }),
)

/** The model runners whose functions AIBrix replaces. */
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
  /** A file of AIBrix that can't be read, and the reason */
  error: v.nullable(v.string()),
})

export type Floor = v.InferOutput<typeof floor>
export type Runners = v.InferOutput<typeof runners>
export type Hooks = v.InferOutput<typeof hooks>
