import * as v from 'valibot'
import type { Facts } from './facts.ts'

/** What a user has to do so that an image works as the gates say. */
export const conditionSchema = v.object({
  /** `environment`: a variable of the container */
  kind: v.picklist(['environment']),
  /** `VLLM_USE_V2_MODEL_RUNNER=0` */
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

/** @returns the conditions that are left for a user to meet */
export function conditionsOf({ conditions }: Facts): Condition[] {
  return conditions
    .filter((condition) => !isMet(condition))
    .map(({ kind, name, reason }) => ({ kind, name, reason }))
}

/** @returns conditions that are the same, once */
export function distinct(conditions: readonly Condition[]): Condition[] {
  return [...new Map(conditions.map((condition) => [condition.name, condition])).values()]
}
