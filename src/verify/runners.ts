import { isMet } from './conditions.ts'
import type { Hooks, Runners } from './demand-facts.ts'
import type { BaseFacts } from './facts.ts'

/** Whether AIBrix's hooks fit the model runners of an engine. `why` has no full stop. */
type HooksVerdict =
  { kind: 'fits'; note: string } | { kind: 'fails'; why: string } | { kind: 'unknown'; why: string }

const fits = (note = ''): HooksVerdict => ({ kind: 'fits', note })
const fails = (why: string): HooksVerdict => ({ kind: 'fails', why })
const unknown = (why: string): HooksVerdict => ({ kind: 'unknown', why })
const source = { V1: 'vllm/v1/worker/gpu_model_runner.py', V2: 'vllm/v1/worker/gpu/model_runner.py' }

/**
 * AIBrix must hook a model runner that runs. Its hook stores what its connector reads later: with
 * another runner the first request ends in a KeyError (`_meta_cache` in
 * aibrix_pd_reuse_connector.py, v0.7.0).
 */
export function hooksVerdict({ demands, hooks, conditions }: BaseFacts): HooksVerdict {
  const runners = demands?.vllm?.runners
  if (!hooks) return fits()
  if (hooks.error !== null) return unknown(hooks.error)
  if (hooks.found.length === 0) return fits()
  if (!runners) return unknown("the engine's model runners could not be read")
  if (runners.error !== null) return unknown(runners.error)
  return compareHooks(hooks, runners, conditions)
}

function compareHooks({ found }: Hooks, runners: Runners, conditions: BaseFacts['conditions']): HooksVerdict {
  const usable = found.filter(({ there }) => there)
  const [first] = usable
  const names = found.map(({ runner }) => runner).join(' and ')
  const only = `AIBrix hooks only the model runner ${names}`
  if (!first)
    return fails(
      `${only}, which this engine does not have (${found.map(({ runner }) => source[runner]).join(', ')})`,
    )
  const lacking = usable.find(({ missing }) => missing.length > 0)
  if (lacking)
    return fails(
      `AIBrix replaces ${lacking.missing.join(' and ')} of the model runner ${lacking.runner}, which has no such method`,
    )
  const unhooked = runners.there.find(
    (runner) =>
      !usable.some((one) => one.runner === runner) && (runner === 'V1' || runners.v2Default !== false),
  )
  if (unhooked === undefined) return fits(`hooks the model runner ${names}`)
  if (unhooked === 'V2' && runners.v2Default === null)
    return unknown("vLLM's source does not show which model runner is its default")
  if (!runners.switch)
    return fails(
      `${only}, and this engine runs ${unhooked} and has no VLLM_USE_V2_MODEL_RUNNER to change that`,
    )
  const wanted = `VLLM_USE_V2_MODEL_RUNNER=${first.runner === 'V1' ? '0' : '1'}`
  const noted = conditions.find(({ name }) => name === wanted)
  if (!noted) return fails(`${only}, and /opt/aibrix/integration.json does not say that this needs ${wanted}`)
  const how = isMet(noted) ? `chosen by the image's own ${wanted}` : `on the condition ${wanted}`
  return fits(`hooks the model runner ${names}, ${how}`)
}
