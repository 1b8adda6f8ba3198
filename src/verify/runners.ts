import { isMet } from './conditions.ts'
import type { Hooks, Runners } from './demand-facts.ts'
import type { BaseFacts } from './facts.ts'

/** What the model runners of an engine make of AIBrix' hooks. */
export type RunnerVerdict =
  | { kind: 'fits'; note: string }
  /** @param why a sentence without its end */
  | { kind: 'fails'; why: string }
  | { kind: 'unknown'; why: string }

const fits = (note = ''): RunnerVerdict => ({ kind: 'fits', note })
const source = { V1: 'vllm/v1/worker/gpu_model_runner.py', V2: 'vllm/v1/worker/gpu/model_runner.py' }

/**
 * Whether AIBrix acts on a model runner that will run. Its hook fills what its connector reads later: on another runner the first
 * request ends in a KeyError (`_meta_cache` in aibrix_pd_reuse_connector.py, v0.7.0).
 */
export function judgeRunners({ demands, hooks, conditions }: BaseFacts): RunnerVerdict {
  const runners = demands?.vllm?.runners
  if (!hooks) return fits()
  if (hooks.error !== null) return { kind: 'unknown', why: hooks.error }
  if (hooks.found.length === 0) return fits()
  if (!runners) return { kind: 'unknown', why: "the engine's model runners could not be looked at" }
  if (runners.error !== null) return { kind: 'unknown', why: runners.error }
  return judgeHooks(hooks, runners, conditions)
}

function judgeHooks({ found }: Hooks, runners: Runners, conditions: BaseFacts['conditions']): RunnerVerdict {
  const usable = found.filter(({ there }) => there)
  const [kept] = usable
  const names = found.map(({ runner }) => runner).join(' and ')
  if (!kept)
    return {
      kind: 'fails',
      why: `AIBrix acts on the model runner ${names} alone, which this engine does not have (${found.map(({ runner }) => source[runner]).join(', ')})`,
    }
  const lacking = usable.find(({ missing }) => missing.length > 0)
  if (lacking)
    return {
      kind: 'fails',
      why: `AIBrix replaces ${lacking.missing.join(' and ')} of the model runner ${lacking.runner}, which has no such method`,
    }
  const unhooked = runners.there.find(
    (runner) => !usable.some((one) => one.runner === runner) && canRun(runner, runners),
  )
  if (unhooked === undefined) return fits(`acts on the model runner ${names}`)
  if (unhooked === 'V2' && runners.v2Default === null)
    return { kind: 'unknown', why: 'which model runner vLLM takes by default is not told by its source' }
  if (!runners.switch)
    return {
      kind: 'fails',
      why: `AIBrix acts on the model runner ${names} alone, and this engine takes ${unhooked} and has no VLLM_USE_V2_MODEL_RUNNER to change that`,
    }
  return onCondition(`VLLM_USE_V2_MODEL_RUNNER=${kept.runner === 'V1' ? '0' : '1'}`, names, conditions)
}

function canRun(runner: 'V1' | 'V2', { v2Default }: Runners): boolean {
  return runner === 'V1' || v2Default !== false
}

function onCondition(wanted: string, names: string, conditions: BaseFacts['conditions']): RunnerVerdict {
  const noted = conditions.find(({ name }) => name === wanted)
  if (!noted)
    return {
      kind: 'fails',
      why: `AIBrix acts on the model runner ${names} alone, and /opt/aibrix/integration.json does not say that this needs ${wanted}`,
    }
  const how = isMet(noted) ? `which the image's own ${wanted} chooses` : `on the condition ${wanted}`
  return fits(`acts on the model runner ${names}, ${how}`)
}
