import { listed } from '../text.ts'
import type { Leg } from '../plan/index.ts'
import type { BaseFacts, LegFacts } from './facts.ts'
import { failed, type Gate, type Judgement, passed, reportHint, undetermined, waiverHint } from './gate.ts'
import { judgeRunners } from './runners.ts'

/** The way AIBrix gets into the engine is the one that was asked for, and holds: patch applied, connector importable, on what runs. */
export function judgeIntegration(leg: Leg, { image }: LegFacts): Gate {
  const name = 'integration'
  const found = image.integration
  const expected =
    leg.integration === 'auto' ? 'patch, module, or none where AIBrix has neither' : leg.integration
  if (!found)
    return failed(
      name,
      { expected, actual: 'unknown' },
      `The build left no word on how AIBrix was integrated; ${reportHint}.`,
    )
  const actual = found.mode + (found.evidence === null ? '' : ` (${found.evidence})`)
  if (leg.integration !== 'auto' && found.mode !== leg.integration)
    return failed(
      name,
      { expected, actual },
      `integration: ${leg.integration} was asked for, but the build came to ${found.mode}: ${found.reason}; choose another AIBrix or engine version, or integration: auto.`,
    )
  if (found.check.outcome === 'error') {
    const what =
      found.mode === 'patch' ? 'The patch is not applied in the image' : "The connector can't be imported"
    return failed(
      name,
      { expected, actual },
      `${what}: ${found.check.error}; choose another integration, or ${waiverHint(name)}.`,
    )
  }
  return judgeHook(leg, image, { expected, actual: `${actual}: ${found.reason}` })
}

/** What gets in has to act on what runs. */
function judgeHook(leg: Leg, image: BaseFacts, judgement: Judgement): Gate {
  const name = 'integration'
  const verdict = judgeRunners(image)
  switch (verdict.kind) {
    case 'fits':
      return passed(name, {
        ...judgement,
        actual: judgement.actual + (verdict.note === '' ? '' : `; it ${verdict.note}`),
      })
    case 'unknown':
      return undetermined(name, judgement, verdict.why)
    case 'fails':
      return failed(
        name,
        { ...judgement, expected: `${judgement.expected}, acting on a model runner that runs` },
        `${verdict.why}${askedFor(leg)}; choose another version of AIBrix or of ${leg.engine}, integration: none, or ${waiverHint(name)}.`,
      )
  }
}

/** The input `environment` can choose the runner on which AIBrix does not act. */
function askedFor({ environment }: Leg): string {
  const value = environment.VLLM_USE_V2_MODEL_RUNNER
  return value === undefined ? '' : `, while the input environment sets it to "${value}"`
}

/** What an image that passes should still be known for, a sentence each. */
export function warningsOf(leg: Leg, { image }: LegFacts): string[] {
  if (image.integration?.mode !== 'none' || leg.integration === 'none') return []
  return [
    `AIBrix is installed but not integrated into ${leg.engine} ${leg.version.release}: ${image.integration.reason.replace(/\.$/, '')}.`,
  ]
}

/** Commands that a person debugging RDMA needs. */
const debugTools = ['ibv_devices', 'ib_write_bw', 'ip', 'ping', 'ifconfig']

/**
 * Why no debug tool can be installed: dockerfiles/scripts/common/system_packages.py knows apt alone.
 * @returns a sentence without its end; undefined if it can, or none is missing
 */
export function packagesObjection({ dpkg, tools, system }: BaseFacts): string | undefined {
  const missing = tools.filter(({ path }) => path === null).map(({ command }) => command)
  if (dpkg !== null || missing.length === 0) return undefined
  return `the base (${system.distribution}) lacks ${listed(missing)}, and has no packages of Debian or Ubuntu, of which alone they can be installed`
}

export function judgeDebugTools(_leg: Leg, { image }: LegFacts): Gate {
  const name = 'debug-tools'
  const expected = `${debugTools.join(', ')} start`
  const broken = debugTools.flatMap((command) => {
    const tool = image.tools.find((candidate) => candidate.command === command)
    if (tool?.path === undefined || tool.path === null) return [`${command} is missing`]
    return tool.start.outcome === 'error' ? [`${command} does not start: ${tool.start.error}`] : []
  })
  if (broken.length > 0)
    return failed(
      name,
      { expected, actual: listed(broken) },
      `${broken[0] ?? ''}; look in the build's log for whether its package was installed, or ${waiverHint(name)}.`,
    )
  return passed(name, { expected, actual: 'all start' })
}
