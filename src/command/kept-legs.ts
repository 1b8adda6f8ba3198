import { sentenceOf } from '../errors.ts'
import type { PlannedImage, PlannedLeg } from '../plan/index.ts'
import { type Judging, missingAttestations, noAttestations } from '../promote/index.ts'
import { type Digest, getPlatformImage } from '../registry/index.ts'
import type { LegOutcome } from '../report/index.ts'
import { failedGates, type FoundReport, type Subject } from '../store/index.ts'
import { applyRulesToReport, type Rules, verdict } from '../verify/index.ts'

/**
 * The legs of an image that keeps its public tags and gets no other. It was published by the rules
 * of its day, and taking it back would break its users: what this run refuses or can't judge is a
 * warning.
 */
export async function keptLegs(
  image: PlannedImage,
  digest: Digest,
  built: readonly LegOutcome[],
  judging: Judging,
): Promise<LegOutcome[]> {
  const subject = subjectOf(image, digest, judging)
  return Promise.all(
    image.legs.map(async (leg) => {
      const found = await subject
        .then((one) => judging.store.legs.report(leg, one))
        .catch((error: unknown) => ({ why: sentenceOf(error) }))
      const here = built.find((outcome) => outcome.leg.id === leg.id)
      if (here && isAbout(here, found)) return here
      const missing = await missingIn(image, leg, digest, judging)
      const warnings = [...warningsOf(found, judging.rules), ...missing]
      const report = 'report' in found ? found.report : undefined
      return { leg, state: 'staged', report, ...(warnings.length > 0 && { warnings }) }
    }),
  )
}

/** Only where there are several platforms does the tag name something else than the leg. */
async function subjectOf(
  { legs, repository }: PlannedImage,
  digest: Digest,
  { registry }: Judging,
): Promise<Subject> {
  const top = legs.length > 1 ? await registry.getManifest(repository, digest) : undefined
  return top ?? { digest }
}

/** What was built here and lost to another run is not what the tag names. */
function isAbout(here: LegOutcome, found: FoundReport): boolean {
  if (here.state !== 'built' && here.state !== 'staged') return true
  return 'report' in found && here.report?.digest === found.report.digest
}

function warningsOf(found: FoundReport, rules: Rules): string[] {
  if ('why' in found)
    return [`It keeps its public tags, although nothing says how it was judged: ${found.why}`]
  const gates = applyRulesToReport(found.report, rules)
  if (verdict(gates) === 'pass') return []
  return [
    `It keeps its public tags, but would get no new one by the rules of this run. ${failedGates({ gates })}`,
  ]
}

/** What is published need not have been built with the attestations that this run requests. */
async function missingIn(
  { repository }: PlannedImage,
  { platform }: PlannedLeg,
  digest: Digest,
  { registry, attestations }: Judging,
): Promise<string[]> {
  if (attestations === noAttestations) return []
  const stored = await getPlatformImage(registry, repository, digest, platform)
  const missing = stored ? await missingAttestations(registry, repository, stored, attestations) : []
  return missing.map(
    (what) =>
      `It keeps its public tags, but has no ${what}, which this run requests; force: true builds it again.`,
  )
}
