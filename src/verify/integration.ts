import type { Leg } from '../plan/index.ts'
import type { BaseFacts, LegFacts } from './facts.ts'
import { about, type Gate, type GateBuilder, reportHint } from './gate.ts'
import { hooksVerdict } from './runners.ts'
import { withoutFullStop } from '../text.ts'

/** AIBrix is integrated as requested: patch applied or connector importable, and used. */
export function judgeIntegration(leg: Leg, { image }: LegFacts): Gate {
  const found = image.integration
  const requested = leg.integration
  const gate = about(
    'integration',
    requested === 'auto' ? 'patch, module, or none where AIBrix has neither' : requested,
  )
  if (!found) return gate.fail('The build does not report how AIBrix was integrated', reportHint)
  const { mode, evidence, reason, check } = found
  const actual = mode + (evidence === null ? '' : ` (${evidence})`)
  const seen = gate.with(actual)
  if (requested !== 'auto' && mode !== requested)
    return seen.fail(
      `integration: ${requested} was requested, but the build used ${mode}: ${reason}`,
      'choose another AIBrix or engine version',
      'integration: auto',
    )
  if (check.outcome === 'error') {
    const what =
      mode === 'patch' ? 'The patch is not applied in the image' : "The connector can't be imported"
    return seen.fail(`${what}: ${check.error}`, 'choose another integration', gate.waiver)
  }
  return judgeHooks(leg, image, gate.with(`${actual}: ${reason}`))
}

/** What AIBrix replaces must be what runs. */
function judgeHooks(leg: Leg, image: BaseFacts, gate: GateBuilder): Gate {
  const verdict = hooksVerdict(image)
  switch (verdict.kind) {
    case 'fits':
      return gate.with(gate.actual + (verdict.note === '' ? '' : `; it ${verdict.note}`)).pass()
    case 'unknown':
      return gate.undetermined(verdict.why)
    case 'fails':
      return gate
        .with(gate.actual, `${gate.expected}, for a model runner that runs`)
        .fail(
          verdict.why + chosenBy(leg),
          `choose another version of AIBrix or of ${leg.engine}`,
          'integration: none',
          gate.waiver,
        )
  }
}

/** The input `environment` can choose a runner that AIBrix does not support. */
function chosenBy({ environment }: Leg): string {
  const value = environment.VLLM_USE_V2_MODEL_RUNNER
  return value === undefined ? '' : `, while the input environment sets it to "${value}"`
}

/** @returns warnings about an image that passes, in sentences */
export function warningsOf(leg: Leg, { image }: LegFacts): string[] {
  if (image.integration?.mode !== 'none' || leg.integration === 'none') return []
  const reason = withoutFullStop(image.integration.reason)
  return [`AIBrix is installed but not integrated into ${leg.engine} ${leg.version.release}: ${reason}.`]
}
