import * as v from 'valibot'
import type { Leg } from '../plan/index.ts'

/** What a user must set, or do without, for an image to work as verified. */
export const conditionSchema = v.object({
  /** `environment`: a variable of the container; `tools`: tools that the image lacks */
  kind: v.picklist(['environment', 'tools']),
  /** `VLLM_USE_V2_MODEL_RUNNER=0`, `ucx-tools: none` */
  name: v.string(),
  /** Without a full stop */
  reason: v.string(),
})

/** As in /opt/aibrix/integration.json, with the value that the image itself sets */
export const measuredCondition = v.object({ ...conditionSchema.entries, set: v.nullable(v.string()) })

export type Condition = v.InferOutput<typeof conditionSchema>
type MeasuredCondition = v.InferOutput<typeof measuredCondition>
type UcxOfLeg = Pick<Leg, 'nixl' | 'ucx' | 'ucxVersion'>

/** @returns whether the image itself meets it */
export function isMet({ name, set }: MeasuredCondition): boolean {
  return set !== null && name === `${name.split('=', 1)[0] ?? ''}=${set}`
}

/** @returns the conditions that are left to the user */
export function conditionsOf(
  leg: UcxOfLeg,
  { conditions }: { conditions: readonly MeasuredCondition[] },
): Condition[] {
  const left = conditions
    .filter((condition) => !isMet(condition))
    .map(({ kind, name, reason }) => ({ kind, name, reason }))
  const missing = whyNoTools(leg)
  return missing === undefined ? left : [...left, { kind: 'tools', name: 'ucx-tools: none', reason: missing }]
}

/** @returns why an image has neither ucx_info nor ucx_perftest; undefined if it has them */
export function whyNoTools({ nixl, ucx, ucxVersion }: UcxOfLeg): string | undefined {
  if (ucx) return undefined
  return ucxVersion === null
    ? `the UCX that NIXL ${nixl} bundles is not known`
    : `no tag or commit is known for UCX ${ucxVersion}, which NIXL ${nixl} bundles`
}
