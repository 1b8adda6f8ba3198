import * as v from 'valibot'
import { parsed, recordOf } from '../json.ts'
import { digestSchema } from '../plan/index.ts'
import { copyTag, factsTag, parseTag, stagedTag } from './contents.ts'
import { reportHeadSchema } from './leg-report.ts'

/** What a report says about where its leg belongs. */
export type ReportHead = v.InferOutput<typeof reportHeadSchema> & {
  /** Tags of the stage artifacts that the leg was built with; none in reports of earlier versions */
  needs: string[]
}

/** @returns undefined for a text that is no report of this version's format */
export function readReportHead(text: string): ReportHead | undefined {
  const head = parsed(reportHeadSchema, text)
  return head && { ...head, needs: (head.needs ?? []).filter(isOfArtifact) }
}

function isOfArtifact(tag: string): boolean {
  return ['extension', 'wheel', 'ucx'].includes(parseTag(tag)?.kind ?? '')
}

/** The part of a plan that all versions of it have. */
const plannedSchema = v.object({
  images: v.array(v.object({ legs: v.array(v.object({ buildId: v.string(), architecture: v.string() })) })),
  bases: recordOf(v.string(), v.object({ manifestDigest: digestSchema })),
})

/** @returns tags of the legs in a plan, and of what is known of their bases; undefined for another text */
export function tagsOfPlan(text: string): string[] | undefined {
  const plan = parsed(plannedSchema, text)
  return (
    plan && [
      ...plan.images.flatMap(({ legs }) => legs.map(stagedTag)),
      ...Object.values(plan.bases).flatMap((base) => [factsTag(base), copyTag(base)]),
    ]
  )
}
