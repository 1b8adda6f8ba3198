import type { Origin, Origins } from '../leg/index.ts'
import { formatDuration } from '../text.ts'
import { isOptional, type Step } from '../buildkit/index.ts'
import { baseName, engineCommit, type Leg } from '../plan/index.ts'
import {
  addedPackages,
  type Candidate,
  componentsOf,
  conditionsOf,
  extraContents,
  type Gate,
  layerSizes,
  type LegFacts,
  nixlPlugin,
  replacedPackages,
  warningsOf,
} from '../verify/index.ts'
import { actionVersion } from '../version.ts'
import { integrationLine } from './integration-line.ts'
import type { LegReport, StepTime } from '../store/index.ts'

/** Stored characters of a gate's text or a warning; an error message can be a whole page. */
const textLimit = 1000

function clipped(text: string): string {
  return text.length > textLimit ? `${text.slice(0, textLimit - 1)}…` : text
}

function clippedGate(gate: Gate): Gate {
  const both = { ...gate, expected: clipped(gate.expected), actual: clipped(gate.actual) }
  switch (both.state) {
    case 'pass':
      return both
    case 'fail':
    case 'undetermined':
      return { ...both, hint: clipped(both.hint) }
    case 'not applicable':
    case 'follows':
      return { ...both, reason: clipped(both.reason) }
    case 'waived':
      return { ...both, hint: clipped(both.hint), reason: clipped(both.reason) }
  }
}

/** @returns the steps that ran, in the order in which they started */
export function stepTimes(steps: readonly Step[]): StepTime[] {
  const times = steps.flatMap(({ name, started, completed, cached, error }): StepTime[] => {
    if (started === undefined) return []
    const duration = Math.max(0, (completed ?? started) - started)
    return [{ name, started, duration, cached, failed: error !== undefined && !isOptional({ name }) }]
  })
  return times.sort((left, right) => left.started - right.started)
}

/** Files that a report lists; it stays far below its limit. */
const mostFiles = 500

function extraPart(leg: Leg, facts: LegFacts): Pick<LegReport, 'extra'> {
  const found = extraContents(leg, facts)
  if (!found) return {}
  const { packages, files } = found
  const fileBytes = files.reduce((sum, { bytes }) => sum + bytes, 0)
  return { extra: { packages, files: files.slice(0, mostFiles), fileCount: files.length, fileBytes } }
}

export type LegResult = {
  /** Undefined if the build ended before the measurements */
  facts: LegFacts | undefined
  candidate: Candidate
  /** Digest of the image's manifest; undefined if nothing was pushed */
  digest: string | undefined
  /** All gates, waivers applied */
  gates: Gate[]
  steps: StepTime[]
  /** More warnings, in sentences */
  warnings: string[]
  /** Where the stage artifacts came from */
  origins?: Origins
  /** Their names, under which the cache repository may have them */
  needs?: readonly string[]
}

function originText(origin: Origin): string {
  if (origin.state === 'left out') return 'left out'
  if (origin.state === 'built') return `built in ${formatDuration(origin.duration)}`
  return clipped(`reused from ${origin.from}`)
}

function wheelText({ wheel, extension }: Origins): string {
  if (wheel.state !== 'built' || extension === undefined) return originText(wheel)
  return `${originText(wheel)}, its extension ${originText(extension)}`
}

/** @returns the report of a leg from the result of its build */
export function makeReport(leg: Leg, result: LegResult): LegReport {
  const { facts, candidate } = result
  const image = facts?.image
  return {
    format: 2,
    actionVersion,
    engine: leg.engine,
    version: leg.version.tag,
    platform: leg.platform,
    buildId: leg.buildId,
    base: { name: baseName(leg.base), digest: leg.base.digest },
    engineCommit: engineCommit(leg.engine, leg.base.config.labels) ?? null,
    aibrix: { ref: leg.aibrix.ref, commit: leg.aibrix.commit },
    ucx: leg.ucx && { ref: leg.ucx.ref, commit: leg.ucx.commit },
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
    conditions: image ? conditionsOf(leg, image) : [],
    gates: result.gates.map(clippedGate),
    sizes: candidate.known === 'manifest' ? (layerSizes(leg, candidate.layers) ?? null) : null,
    added: facts ? addedPackages(facts.base, facts.image) : { pip: {}, dpkg: {} },
    ...(facts && extraPart(leg, facts)),
    replaced: facts ? replacedPackages(facts.base, facts.image) : [],
    steps: result.steps,
    ...(result.origins && {
      artifacts: { wheel: wheelText(result.origins), ucx: originText(result.origins.ucx) },
    }),
    ...(result.needs && { needs: [...result.needs] }),
    warnings: [...(facts ? warningsOf(leg, facts) : []), ...result.warnings].map(clipped),
  }
}
