import * as v from 'valibot'
import type { Step } from '../build/steps.ts'
import { UserError } from '../errors.ts'
import { engineNames } from '../plan/engine.ts'
import type { Leg } from '../plan/plan.ts'
import { familiarRepository } from '../registry/reference.ts'
import { componentSchema, componentsOf, nixlPlugin } from '../verify/components.ts'
import { addedPackages, replacedPackages } from '../verify/environment.ts'
import { integrationModes, type LegFacts } from '../verify/facts.ts'
import { type Gate, gateNames } from '../verify/gate.ts'
import { warningsOf } from '../verify/integration.ts'
import { type Candidate, layerSizes } from '../verify/manifest.ts'
import { integrationLine } from './integration-line.ts'

const judgement = { name: v.picklist(gateNames), expected: v.string(), actual: v.string() }
const gate = v.variant('state', [
  v.object({ ...judgement, state: v.literal('pass') }),
  v.object({ ...judgement, state: v.literal('fail'), hint: v.string() }),
  v.object({ ...judgement, state: v.literal('waived'), hint: v.string(), reason: v.string() }),
  v.object({ ...judgement, state: v.literal('skipped'), reason: v.string() }),
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

/** The one document about a leg, kept in the registry beside its image. */
const schema = v.object({
  format: v.literal(1),
  engine: v.picklist(engineNames),
  /** The engine version as it names the image: `v0.10.2` */
  version: v.string(),
  platform: v.string(),
  buildId: v.string(),
  base: v.object({ name: v.string(), digest: v.string() }),
  aibrix: source,
  ucx: source,
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
  gates: v.array(gate),
  /** Bytes, compressed; null if nothing was pushed */
  sizes: v.nullable(v.object({ base: v.number(), added: v.number(), total: v.number() })),
  added: v.object({ pip: packages, dpkg: packages }),
  replaced: v.array(v.object({ name: v.string(), before: v.string(), after: v.nullable(v.string()) })),
  steps: v.array(stepTime),
  warnings: v.array(v.string()),
})

export type LegReport = v.InferOutput<typeof schema>
export type StepTime = v.InferOutput<typeof stepTime>

/** Longest text of a gate or a warning that is kept, in characters; an error message can be a whole page. */
const textLimit = 1000

function clipped(text: string): string {
  return text.length > textLimit ? `${text.slice(0, textLimit - 1)}…` : text
}

function clippedGate(gate: Gate): Gate {
  const both = { ...gate, expected: clipped(gate.expected), actual: clipped(gate.actual) }
  if (both.state === 'pass') return both
  if (both.state === 'skipped') return { ...both, reason: clipped(both.reason) }
  if (both.state === 'fail') return { ...both, hint: clipped(both.hint) }
  return { ...both, hint: clipped(both.hint), reason: clipped(both.reason) }
}

/** @returns the steps that have run, in the order in which they started */
export function stepTimes(steps: readonly Step[]): StepTime[] {
  return steps
    .flatMap(({ name, started, completed, cached, error }) =>
      started === undefined
        ? []
        : [
            {
              name,
              started,
              duration: Math.max(0, (completed ?? started) - started),
              cached,
              failed: error !== undefined,
            },
          ],
    )
    .sort((left, right) => left.started - right.started)
}

export type LegResult = {
  /** Undefined if the build ended before anything was measured */
  facts: LegFacts | undefined
  candidate: Candidate
  /** Digest of the image's manifest; undefined if nothing was pushed */
  digest: string | undefined
  /** All gates, waivers applied */
  gates: Gate[]
  steps: StepTime[]
  /** Further warnings, a sentence each */
  warnings: string[]
}

/** Makes the report of a leg from what its build brought. */
export function makeReport(leg: Leg, result: LegResult): LegReport {
  const { facts, candidate } = result
  const image = facts?.image
  return {
    format: 1,
    engine: leg.engine,
    version: leg.version.tag,
    platform: leg.platform,
    buildId: leg.buildId,
    base: { name: `${familiarRepository(leg.base.repository)}:${leg.base.tag}`, digest: leg.base.digest },
    aibrix: { ref: leg.aibrix.ref, commit: leg.aibrix.commit },
    ucx: { ref: leg.ucx.ref, commit: leg.ucx.commit },
    digest: result.digest ?? null,
    components: facts ? componentsOf(leg, facts) : [],
    nixlPlugin: facts ? nixlPlugin(facts) : null,
    gpuArchitectures: image?.aibrix?.extension?.machineCode ?? [],
    ucxModules: { nixl: image?.bundledUcx?.modules ?? [], tools: image?.ucxTools?.modules ?? [] },
    integration: image?.integration
      ? {
          mode: image.integration.mode,
          reason: clipped(image.integration.reason),
          line: integrationLine(leg.engine, image.integration),
        }
      : null,
    gates: result.gates.map(clippedGate),
    sizes: candidate.known === 'manifest' ? (layerSizes(leg, candidate.layers) ?? null) : null,
    added: facts ? addedPackages(facts.base, facts.image) : { pip: {}, dpkg: {} },
    replaced: facts ? replacedPackages(facts.base, facts.image) : [],
    steps: result.steps,
    warnings: [...(facts ? warningsOf(leg, facts) : []), ...result.warnings].map(clipped),
  }
}

/**
 * @param limit bytes; the shortest steps are left out where the document is longer, as far as that helps
 * @returns JSON with a line feed at its end, the same bytes for the same report
 */
export function serialiseReport(report: LegReport, limit = 512 * 1024): string {
  const text = (steps: StepTime[]): string => `${JSON.stringify({ ...report, steps })}\n`
  let kept = report.steps
  let result = text(kept)
  while (Buffer.byteLength(result) > limit && kept.length > 0) {
    const longest = kept.toSorted((left, right) => right.duration - left.duration)
    const remaining = new Set(longest.slice(0, Math.floor(kept.length / 2)))
    kept = kept.filter((step) => remaining.has(step))
    result = text(kept)
  }
  return result
}

/**
 * @param name what is read, for the error
 * @throws UserError if it is no report of this format
 */
export function parseReport(text: string, name: string): LegReport {
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch {
    throw new UserError(`${name} is not JSON; delete it and build again.`)
  }
  const result = v.safeParse(schema, content)
  if (!result.success)
    throw new UserError(`${name} is not a report that this version can read: ${v.summarize(result.issues)}`)
  return result.output
}
