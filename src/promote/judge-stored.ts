import { claimsOf, type Leg, type PublishedPlace } from '../plan/index.ts'
import {
  type AgedLeg,
  failedGates,
  isUnreadable,
  type LegReport,
  type ReportedLeg,
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
  applyRulesToReport,
  checkClaims,
  type Gate,
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

/** An image in a repository. `name` is its full name, for messages. */
export type StoredImage = { name: string; repository: Repository; stored: PlatformImage }

/**
 * Judges an image for which nothing is planned: it is what its report says, since that is about this
 * very digest.
 * @throws UserError if the registry does not answer
 */
export async function judgeReported(
  leg: ReportedLeg,
  stored: StoredImage,
  judging: Judging,
): Promise<Judged> {
  const read = await readVerdict(leg, stored, judging)
  if ('state' in read) return read
  const lacking = await whatIsLacking(stored, judging)
  return lacking ?? ended(stored, read, applyRulesToReport(read.report, judging.rules))
}

async function judgeImage(leg: Leg, given: StoredImage, judging: Judging): Promise<Judged> {
  const read = await readVerdict(leg, given, judging)
  if ('state' in read) return read
  const { report, image } = read
  const claim = await unjudgedClaim(leg, report, judging)
  if (claim !== undefined)
    return other(given, `was verified as ${report.base.name}, which is not known to be ${claim}.`)
  const lacking = await whatIsLacking(given, judging)
  if (lacking) return lacking
  const { manifest, config } = image
  const { layers } = manifest.parsed
  const seen = { known: 'manifest', mediaType: manifest.mediaType, config, layers } as const
  return ended(given, read, applyRules(leg, report, seen, judging.rules))
}

type Other = Extract<Judged, { state: 'other' }>
type Verdict = { report: LegReport; image: NonNullable<PlatformImage['image']> }

const other = ({ name }: StoredImage, why: string): Other => ({ state: 'other', why: `${name} ${why}` })

/** Reads how an image was judged, by all gates of this version. */
async function readVerdict(
  leg: ReportedLeg,
  given: StoredImage,
  { store }: Judging,
): Promise<Verdict | Other> {
  const { top, image } = given.stored
  if (!image) return other(given, `holds no image for ${leg.platform}.`)
  const found = await store.legs.report(leg, top)
  if ('why' in found)
    return other(given, `has no report that says how it was judged: ${lowerFirst(found.why)}`)
  const unjudged = unjudgedGates(found.report)
  if (unjudged.length > 0)
    return other(given, `was verified by a version of the action without ${unjudged.join(', ')}.`)
  return { report: found.report, image }
}

async function whatIsLacking(given: StoredImage, judging: Judging): Promise<Other | undefined> {
  const { registry, attestations } = judging
  const missing = await missingAttestations(registry, given.repository, given.stored, attestations)
  return missing.length === 0
    ? undefined
    : other(given, `has no ${missing.join(' and no ')}, which this run requests.`)
}

/** @param gates as judged now */
function ended({ name, stored }: StoredImage, { report: earlier, image }: Verdict, gates: Gate[]): Judged {
  const report = { ...earlier, gates }
  if (verdict(gates) === 'pass')
    return { state: 'staged', digest: stored.top.digest, labels: image.config.labels, stored, report }
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
