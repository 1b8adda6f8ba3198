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

/** What the cache repository has under the tag that means that a leg is verified. */
export type Staged =
  | { state: 'missing'; why: string }
  /** Something that was not built from what was planned; `why` is a sentence */
  | { state: 'other'; why: string }
  | { state: 'staged'; digest: Digest; labels: Record<string, string>; stored: PlatformImage }

export async function readStaged(
  client: Pick<RegistryClient, 'getManifest' | 'getImageConfig'>,
  repository: Repository,
  leg: Leg & Partial<Pick<PlannedLeg, 'newerThan'>>,
): Promise<Staged> {
  const name = formatReference({ ...repository, tag: stagedTag(leg) })
  const found = await getPlatformImage(client, repository, stagedTag(leg), leg.platform)
  if (!found)
    return { state: 'missing', why: `${name} does not exist: no runner has built and verified it yet.` }
  if (!found.image) return { state: 'other', why: `${name} holds no image for ${leg.platform}.` }
  const { os, architecture, labels } = found.image.config
  if (!isForPlatform(leg.platform, found.image.config))
    return { state: 'other', why: `${name} is for ${os}/${architecture}, and ${leg.platform} was planned.` }
  const built = labels[buildIdLabel]
  if (built !== leg.buildId)
    return {
      state: 'other',
      why: `${name} was built from something else than planned: its build id is ${built ?? 'not there'}.`,
    }
  const made = notYoungerThan([leg])?.(found.image.config, leg)
  if (made !== undefined)
    return { state: 'missing', why: `${name} was made at ${made}, which is longer ago than max-age allows.` }
  return { state: 'staged', digest: found.top.digest, labels, stored: found }
}
