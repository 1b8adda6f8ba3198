import { buildIdLabel, type Leg, notYoungerThan, type PlannedLeg } from '../plan/index.ts'
import { stagedTag } from './contents.ts'
import {
  type Digest,
  formatReference,
  getPlatformImage,
  isForPlatform,
  type PlatformImage,
  type RegistryClient,
  type Repository,
} from '../registry/index.ts'

/** What the cache repository has under the tag that means verified. `why` is a sentence. */
export type Staged =
  | { state: 'missing'; why: string }
  /** It was not built from what is planned */
  | { state: 'other'; why: string }
  | { state: 'staged'; digest: Digest; labels: Record<string, string>; stored: PlatformImage }

/** A leg; a planned one may limit the age of what counts. */
export type AgedLeg = Leg & Partial<Pick<PlannedLeg, 'newerThan'>>

/** @throws UserError if the registry does not answer */
export async function readStaged(
  client: Pick<RegistryClient, 'getManifest' | 'getImageConfig'>,
  repository: Repository,
  leg: AgedLeg,
): Promise<Staged> {
  const name = formatReference({ ...repository, tag: stagedTag(leg) })
  const missing = (why: string): Staged => ({ state: 'missing', why: `${name} ${why}` })
  const other = (why: string): Staged => ({ state: 'other', why: `${name} ${why}` })
  const found = await getPlatformImage(client, repository, stagedTag(leg), leg.platform)
  if (!found) return missing('does not exist: no runner has built and verified it yet.')
  if (!found.image) return other(`holds no image for ${leg.platform}.`)
  const { config } = found.image
  if (!isForPlatform(leg.platform, config))
    return other(`is for ${config.os}/${config.architecture}, and ${leg.platform} was planned.`)
  const built = config.labels[buildIdLabel]
  if (built !== leg.buildId)
    return other(`was built from something else than planned: its build id is ${built ?? 'not there'}.`)
  const tooOld = notYoungerThan([leg])?.(config, leg)
  if (tooOld !== undefined) return missing(`was built at ${tooOld}, longer ago than max-age allows.`)
  return { state: 'staged', digest: found.top.digest, labels: config.labels, stored: found }
}
