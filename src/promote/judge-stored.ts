import { claimsOf, type Leg, type PublishedPlace } from '../plan/index.ts'
import {
  type AgedLeg,
  failedGates,
  isUnreadable,
  type LegReport,
  type Staged,
  type StoreReader,
} from '../store/index.ts'
import { type RequestedAttestations, missingAttestations } from './attestations.ts'
import {
  formatReference,
  getPlatformImage,
  type PlatformImage,
  type RegistryClient,
  type Repository,
} from '../registry/index.ts'
import {
  applyRules,
  type Candidate,
  checkClaims,
  type Rules,
  unjudgedGates,
  verdict,
} from '../verify/index.ts'

/** Where earlier runs stored what they built, and the rules by which this run judges it. */
export type Judging = {
  registry: Pick<RegistryClient, 'getManifest' | 'getImageConfig' | 'getBlob'>
  store: StoreReader
  rules: Rules
  /** Required of everything */
  attestations: RequestedAttestations
}

/** How this run judges what an earlier run has verified. `why` is one or more sentences. */
export type Judged =
  | Exclude<Staged, StagedLeg>
  /** It fails by the rules of this run; the report has its gates as judged now */
  | { state: 'refused'; why: string; report: LegReport }
  | (StagedLeg & { report: LegReport })

type StagedLeg = Extract<Staged, { state: 'staged' }>

/** Judges a leg in the cache repository. @throws UserError if the registry does not answer */
export async function judgeStaged(leg: AgedLeg, judging: Judging): Promise<Judged> {
  const { repository, legs } = judging.store
  const staged = await legs.read(leg)
  if (staged.state !== 'staged') return staged
  return judgeImage(leg, { name: legs.nameOf(leg), repository, stored: staged.stored }, judging)
}

/** Judges a leg of a published image, which is known to have the planned build id. */
export async function judgePublished(
  leg: Leg,
  { repository, digest }: PublishedPlace,
  judging: Judging,
): Promise<Judged> {
  const name = formatReference({ ...repository, digest })
  const stored = await getPlatformImage(judging.registry, repository, digest, leg.platform)
  if (!stored) return { state: 'missing', why: `${name} no longer exists.` }
  return judgeImage(leg, { name, repository, stored }, judging)
}

async function judgeImage(
  leg: Leg,
  { name, repository, stored }: { name: string; repository: Repository; stored: PlatformImage },
  judging: Judging,
): Promise<Judged> {
  const { registry, store, rules, attestations } = judging
  const other = (why: string): Judged => ({ state: 'other', why: `${name} ${why}` })
  const { top, image } = stored
  if (!image) return other(`holds no image for ${leg.platform}.`)
  const found = await store.legs.report(leg, top)
  if ('why' in found) return other(`has no report that says how it was judged: ${lowerFirst(found.why)}`)
  const unjudged = unjudgedGates(found.report)
  if (unjudged.length > 0)
    return other(`was verified by a version of the action without ${unjudged.join(', ')}.`)
  const claim = await unjudgedClaim(leg, found.report, judging)
  if (claim !== undefined)
    return other(`was verified as ${found.report.base.name}, which is not known to be ${claim}.`)
  const missing = await missingAttestations(registry, repository, stored, attestations)
  if (missing.length > 0) return other(`has no ${missing.join(' and no ')}, which this run requests.`)
  const { manifest, config } = image
  const { layers } = manifest.parsed
  const seen: Candidate = { known: 'manifest', mediaType: manifest.mediaType, config, layers }
  const report = { ...found.report, gates: applyRules(leg, found.report, seen, rules) }
  if (verdict(report.gates) === 'pass')
    return { state: 'staged', digest: top.digest, labels: config.labels, stored, report }
  const why = `${name} was verified under other rules than this run's. ${failedGates(report)}`
  return { state: 'refused', why, report }
}

/**
 * Checks the claims of the base's tag, `cu130`: a build id has the base's digest alone, which many
 * tags can name, each with claims of its own.
 * @returns a claim of this leg's tag that was not judged and is not known to be true
 */
async function unjudgedClaim(leg: Leg, { base }: LegReport, { store }: Judging): Promise<string | undefined> {
  const judged = claimsOf(base.name.slice(base.name.lastIndexOf(':') + 1)).map(({ part }) => part)
  const parts = claimsOf(leg.base.tag).flatMap(({ part }) => (judged.includes(part) ? [] : [part]))
  if (parts.length === 0) return undefined
  const facts = await store.facts.read(leg.base).catch((error: unknown) => {
    if (isUnreadable(error)) return undefined
    throw error
  })
  const held = facts ? checkClaims(leg, facts).filter(({ holds }) => holds === 'yes') : []
  return parts.find((part) => !held.some(({ claim }) => claim.part === part))
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1)
}
