import { sentenceOf } from '../errors.ts'
import type { PlannedImage, PlannedLeg } from '../plan/index.ts'
import { type AskedAttestations, missingAttestations, noAttestations } from '../promote/index.ts'
import { type Digest, getPlatformImage, type RegistryClient } from '../registry/index.ts'
import type { LegOutcome } from '../report/index.ts'
import { applyRules, type Rules, verdict } from '../verify/index.ts'
import { failedGates, type FoundReport, type StoreReader, type Subject } from '../store/index.ts'

type KeepingWorld = {
  registry: Pick<RegistryClient, 'getManifest' | 'getImageConfig' | 'getBlob'>
  store: StoreReader
  rules: Rules
  attestations: AskedAttestations
}

/**
 * The legs of an image that keeps the public tags that it has, and gets no other. It was published by the rules of its day, and taking
 * that back would break whoever uses it: what this run would not let through, or knows nothing about, is a warning.
 */
export async function keptLegs(
  image: PlannedImage,
  digest: Digest,
  built: readonly LegOutcome[],
  world: KeepingWorld,
): Promise<LegOutcome[]> {
  const subject = subjectOf(image, digest, world)
  return Promise.all(
    image.legs.map(async (leg) => {
      const found = await subject
        .then((one) => world.store.legs.report(leg, one))
        .catch((error: unknown) => ({ why: sentenceOf(error) }))
      const here = built.find((outcome) => outcome.leg.id === leg.id)
      if (here && isAbout(here, found)) return here
      const kept = keptLeg(leg, found, world.rules)
      const missing = await missingIn(image, leg, digest, world)
      return missing.length === 0 ? kept : { ...kept, warnings: [...(kept.warnings ?? []), ...missing] }
    }),
  )
}

/** What is published was not built by this run's wishes, either. */
async function missingIn(
  { repository }: PlannedImage,
  { platform }: PlannedLeg,
  digest: Digest,
  { registry, attestations }: KeepingWorld,
): Promise<string[]> {
  if (attestations === noAttestations) return []
  const stored = await getPlatformImage(registry, repository, digest, platform)
  const missing = stored ? await missingAttestations(registry, repository, stored, attestations) : []
  return missing.map(
    (what) =>
      `It keeps its public tags, and has no ${what}, for which this run asks; force: true builds it again.`,
  )
}

/** Only where there are several platforms is the leg something else than what the tag names. */
async function subjectOf(
  { legs, repository }: PlannedImage,
  digest: Digest,
  { registry }: KeepingWorld,
): Promise<Subject> {
  const top = legs.length > 1 ? await registry.getManifest(repository, digest) : undefined
  return top ?? { digest }
}

/** What was built here and lost to another run is not what the tag names. */
function isAbout(here: LegOutcome, found: FoundReport): boolean {
  if (here.state !== 'built' && here.state !== 'staged') return true
  return 'report' in found && here.report?.digest === found.report.digest
}

function keptLeg(leg: PlannedLeg, found: FoundReport, rules: Rules): LegOutcome {
  if ('why' in found)
    return {
      leg,
      state: 'staged',
      report: undefined,
      warnings: [`It keeps its public tags, though nothing says how it was judged: ${found.why}`],
    }
  const { report } = found
  const seen = { known: 'nothing', reason: 'nothing of it was read' } as const
  const gates = applyRules(leg, report, seen, rules)
  if (verdict(gates) === 'pass') return { leg, state: 'staged', report }
  const warning = `It keeps its public tags, and would get no new one by the rules of this run. ${failedGates({ gates })}`
  return { leg, state: 'staged', report, warnings: [warning] }
}
