import * as v from 'valibot'
import type { Leg } from '../plan/index.ts'

/** What a user has to do so that an image works as the gates say. */
export const conditionSchema = v.object({
  /** `environment`: a variable of the container; `tools`: what is not there for a user to use */
  kind: v.picklist(['environment', 'tools']),
  /** `VLLM_USE_V2_MODEL_RUNNER=0`, `ucx-tools: none` */
  name: v.string(),
  /** A sentence without its end */
  reason: v.string(),
})

/** As /opt/aibrix/integration.json has it, and what the image itself sets the variable to */
export const measuredCondition = v.object({ ...conditionSchema.entries, set: v.nullable(v.string()) })

export type Condition = v.InferOutput<typeof conditionSchema>

/** @returns whether the image meets it by itself */
export function isMet({ name, set }: v.InferOutput<typeof measuredCondition>): boolean {
  return set !== null && name === `${name.split('=', 1)[0] ?? ''}=${set}`
}

/** @returns the conditions that are left for a user to meet, or to know */
export function conditionsOf(
  leg: Pick<Leg, 'nixl' | 'ucx' | 'ucxVersion'>,
  { conditions }: { conditions: readonly v.InferOutput<typeof measuredCondition>[] },
): Condition[] {
  const left = conditions
    .filter((condition) => !isMet(condition))
    .map(({ kind, name, reason }) => ({ kind, name, reason }))
  const missing = whyNoTools(leg)
  return missing === undefined ? left : [...left, { kind: 'tools', name: 'ucx-tools: none', reason: missing }]
}

/** @returns why an image has neither ucx_info nor ucx_perftest, a sentence without its end; undefined if it has them */
export function whyNoTools({
  nixl,
  ucx,
  ucxVersion,
}: Pick<Leg, 'nixl' | 'ucx' | 'ucxVersion'>): string | undefined {
  if (ucx) return undefined
  return ucxVersion === null
    ? `it is not known which UCX NIXL ${nixl} bundles`
    : `no tag or commit is known of the UCX ${ucxVersion} that NIXL ${nixl} bundles`
}

/** @returns conditions that are the same, once */
export function distinct(conditions: readonly Condition[]): Condition[] {
  return [...new Map(conditions.map((condition) => [condition.name, condition])).values()]
}
