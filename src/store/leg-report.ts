import * as v from 'valibot'
import { formats } from './contents.ts'
import { UserError } from '../errors.ts'
import { engineNames } from '../plan/index.ts'
import {
  allGateNames,
  componentSchema,
  conditionSchema,
  integrationModes,
  isBlocking,
} from '../verify/index.ts'
import { jsonOf } from '../json.ts'

const judgement = { name: v.picklist(allGateNames), expected: v.string(), actual: v.string() }
const gate = v.variant('state', [
  v.object({ ...judgement, state: v.literal('pass') }),
  v.object({ ...judgement, state: v.literal('fail'), hint: v.string() }),
  v.object({ ...judgement, state: v.literal('waived'), hint: v.string(), reason: v.string() }),
  v.object({ ...judgement, state: v.literal('undetermined'), hint: v.string() }),
  v.object({ ...judgement, state: v.literal('not applicable'), reason: v.string() }),
  v.object({ ...judgement, state: v.literal('follows'), from: v.picklist(allGateNames), reason: v.string() }),
])

/** `started` in milliseconds since 1970, `duration` in milliseconds. */
const stepTime = v.object({
  name: v.string(),
  started: v.number(),
  duration: v.number(),
  cached: v.boolean(),
  failed: v.boolean(),
})

const source = v.object({ ref: v.string(), commit: v.string() })
const packages = v.record(v.string(), v.string())

/** The document about a leg, stored in the registry beside its image. */
export const reportSchema = v.object({
  format: v.literal(formats.report),
  /** Of the action that wrote it; reports of earlier versions lack it */
  actionVersion: v.optional(v.string()),
  engine: v.picklist(engineNames),
  /** The engine version as in the image's tag: `v0.10.2` */
  version: v.string(),
  platform: v.string(),
  buildId: v.string(),
  base: v.object({ name: v.string(), digest: v.string() }),
  /** By the labels of the base; null if they name none. Reports of earlier versions lack it */
  engineCommit: v.optional(v.nullable(v.string())),
  aibrix: source,
  ucx: v.nullable(source),
  /** Digest of the image's manifest; null if nothing was pushed */
  digest: v.nullable(v.string()),
  /** Empty if the build ended before anything was measured */
  components: v.array(componentSchema),
  /** `cu13` */
  nixlPlugin: v.nullable(v.string()),
  gpuArchitectures: v.array(v.string()),
  ucxModules: v.object({ nixl: v.array(v.string()), tools: v.array(v.string()) }),
  integration: v.nullable(
    v.object({
      mode: v.picklist(integrationModes),
      reason: v.string(),
      /** What a user passes to the engine */
      line: v.nullable(v.string()),
    }),
  ),
  /** What a user of the image must do */
  conditions: v.array(conditionSchema),
  gates: v.array(gate),
  /** Bytes, compressed; null if nothing was pushed */
  sizes: v.nullable(v.object({ base: v.number(), added: v.number(), total: v.number() })),
  added: v.object({ pip: packages, dpkg: packages }),
  /** Of `added`, what `extra-packages` brought, and the files of `extra-files`; absent without both */
  extra: v.optional(
    v.object({
      packages,
      /** The first ones */
      files: v.array(v.object({ path: v.string(), bytes: v.number() })),
      fileCount: v.number(),
      fileBytes: v.number(),
    }),
  ),
  replaced: v.array(v.object({ name: v.string(), before: v.string(), after: v.nullable(v.string()) })),
  steps: v.array(stepTime),
  /** Where each stage artifact came from; reports of earlier versions lack it */
  artifacts: v.optional(v.object({ wheel: v.string(), ucx: v.string() })),
  /** Tags of these in the cache repository, if they are stored; reports of earlier versions lack it */
  needs: v.optional(v.array(v.string())),
  warnings: v.array(v.string()),
})

/** The fields that say which leg a report is about, and what that needs. */
export const reportHeadSchema = v.pick(reportSchema, [
  'format',
  'engine',
  'version',
  'platform',
  'buildId',
  'digest',
  'needs',
])

export type LegReport = v.InferOutput<typeof reportSchema>
export type StepTime = v.InferOutput<typeof stepTime>

/**
 * @param limit bytes; of a longer document the shortest steps are left out, as far as that helps
 * @returns JSON with a final line feed, the same bytes for the same report
 */
export function serialiseReport(report: LegReport, limit = 512 * 1024): string {
  const text = `${JSON.stringify(report)}\n`
  const { steps } = report
  if (Buffer.byteLength(text) <= limit || steps.length === 0) return text
  const longest = steps.toSorted((left, right) => right.duration - left.duration)
  const kept = new Set(longest.slice(0, Math.floor(steps.length / 2)))
  return serialiseReport({ ...report, steps: steps.filter((step) => kept.has(step)) }, limit)
}

/**
 * @param name of what is read, for errors
 * @throws UserError if it is not a report of this format
 */
export function parseReport(text: string, name: string): LegReport {
  const content = jsonOf(text)
  if (content === undefined) throw new UserError(`${name} is not JSON; delete it and build again.`)
  const result = v.safeParse(reportSchema, content)
  if (!result.success)
    throw new UserError(`${name} is not a report that this version can read: ${v.summarize(result.issues)}`)
  return result.output
}

/** @returns sentences: which gates failed, what was found instead, and what to do */
export function failedGates({ gates }: Pick<LegReport, 'gates'>): string {
  const failed = gates.filter(isBlocking).map(({ name, actual, hint }) => `${name} (${actual}). ${hint}`)
  return `${failed.length === 1 ? 'A gate' : `${failed.length} gates`} failed: ${failed.join(' ')}`
}
