import { claimsOf, type Leg, type PlannedLeg } from '../plan/index.ts'
import { failedGates, type LegReport, type Staged, type StoreReader } from '../store/index.ts'
import { type AskedAttestations, missingAttestations } from './attestations.ts'
import {
  Damaged,
  type Digest,
  formatReference,
  getPlatformImage,
  isDenied,
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

/** Where earlier runs left what they have built, and by which rules this run judges it. */
export type Judging = {
  registry: Pick<RegistryClient, 'getManifest' | 'getImageConfig' | 'getBlob'>
  store: StoreReader
  rules: Rules
  /** Which attestations have to be there */
  attestations: AskedAttestations
}

/** What this run makes of what an earlier one has built and verified. `why` is a sentence or more. */
export type Judged =
  | Exclude<Staged, StagedLeg>
  /** It does not pass by the rules of this run; the report has its gates as judged now */
  | { state: 'refused'; why: string; report: LegReport }
  | (StagedLeg & { report: LegReport })

type StagedLeg = Extract<Staged, { state: 'staged' }>

/** What the cache repository has under the tag that means that a leg is verified. @throws UserError if the registry does not answer */
export async function judgeStaged(
  leg: Leg & Partial<Pick<PlannedLeg, 'newerThan'>>,
  judging: Judging,
): Promise<Judged> {
  const { repository, legs } = judging.store
  const staged = await legs.read(leg)
  if (staged.state !== 'staged') return staged
  return judge(leg, { name: legs.nameOf(leg), repository, stored: staged.stored }, judging)
}

/** A leg of what is published, of which it is known that it has the planned build id. */
export async function judgePublished(
  leg: Leg,
  { repository, digest }: { repository: Repository; digest: Digest },
  judging: Judging,
): Promise<Judged> {
  const name = formatReference({ ...repository, digest })
  const stored = await getPlatformImage(judging.registry, repository, digest, leg.platform)
  if (!stored) return { state: 'missing', why: `${name} does not exist any more.` }
  return judge(leg, { name, repository, stored }, judging)
}

async function judge(
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
    return other(`was verified as ${found.report.base.name}, of which nobody said that it is ${claim}.`)
  const missing = await missingAttestations(registry, repository, stored, attestations)
  if (missing.length > 0) return other(`has no ${missing.join(' and no ')}, for which this run asks.`)
  const { manifest, config } = image
  const { layers } = manifest.parsed
  const seen: Candidate = { known: 'manifest', mediaType: manifest.mediaType, config, layers }
  const report = { ...found.report, gates: applyRules(leg, found.report, seen, rules) }
  if (verdict(report.gates) === 'fail') return { state: 'refused', why: refusal(name, report), report }
  return { state: 'staged', digest: top.digest, labels: config.labels, stored, report }
}

/**
 * A build id knows a base by its digest, of which there can be many tags, and what a tag says of it is judged for each tag.
 * @returns a part of this leg's tag that was not judged, and is not known to be true; undefined if there is none
 */
async function unjudgedClaim(leg: Leg, { base }: LegReport, { store }: Judging): Promise<string | undefined> {
  const judged = claimsOf(base.name.slice(base.name.lastIndexOf(':') + 1)).map(({ part }) => part)
  const parts = claimsOf(leg.base.tag).flatMap(({ part }) => (judged.includes(part) ? [] : [part]))
  if (parts.length === 0) return undefined
  const facts = await store.facts.read(leg.base).catch((error: unknown) => {
    if (isDenied(error) || error instanceof Damaged) return undefined
    throw error
  })
  const held = facts ? checkClaims(leg, facts).filter(({ holds }) => holds === 'yes') : []
  return parts.find((part) => !held.some(({ claim }) => claim.part === part))
}

/** Names each gate that fails now, and why it was let through before. */
function refusal(name: string, report: LegReport): string {
  return `${name} was verified by other rules than those of this run. ${failedGates(report)}`
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1)
}
