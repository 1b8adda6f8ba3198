import { UserError } from '../../errors.ts'
import { buildIdLabel, determinantsLabel } from '../../plan/index.ts'
import { judgeReported, type Judging } from '../../promote/index.ts'
import { type Digest, formatReference, getPlatformImage } from '../../registry/index.ts'
import type { TaggedPlatform } from '../../report/index.ts'
import { withoutFullStop } from '../../text.ts'
import type { FoundImage } from './find-image.ts'
import { platformsOf } from './image-platforms.ts'

/** A platform of an image. `refusal` is one or more sentences: why it may not be tagged. */
export type JudgedPlatform = TaggedPlatform & { determinants: string; refusal: string | undefined }

/**
 * Judges each platform of an image by its stored report and the rules of this run.
 * @returns sorted by platform
 * @throws UserError if it is not an image of this action, or nothing says how it was judged
 */
export async function judgeImage(image: FoundImage, judging: Judging): Promise<JudgedPlatform[]> {
  const platforms = await platformsOf(image, judging.registry)
  if (platforms.length === 0) throw new UserError(`${nameOf(image)} holds no image that can be tagged.`)
  return Promise.all(platforms.map((platform) => judgePlatform(image, platform, judging)))
}

function nameOf({ repository, top: { digest } }: FoundImage): string {
  return formatReference({ ...repository, digest })
}

async function judgePlatform(image: FoundImage, platform: string, judging: Judging): Promise<JudgedPlatform> {
  const { repository, top } = image
  const name = nameOf(image)
  const stored = await getPlatformImage(judging.registry, repository, top.digest, platform)
  const labels = stored?.image?.config.labels ?? {}
  const { [buildIdLabel]: buildId = '', [determinantsLabel]: determinants = '' } = labels
  if (!stored?.image || buildId === '' || determinants === '')
    throw new UserError(
      `${name} was not built by this action: for ${platform} it has no image with the labels ${buildIdLabel} and ${determinantsLabel}; tag it with your registry's tools.`,
    )
  const leg = { buildId, platform, architecture: platform.split('/')[1] ?? platform }
  const judged = await judgeReported(leg, { name, repository, stored }, judging)
  if (judged.state === 'missing' || judged.state === 'other')
    throw new UserError(
      `${withoutFullStop(judged.why)}; only what was verified can be tagged, so build it again.`,
    )
  const { report } = judged
  const digest: Digest = top.parsed.kind === 'index' ? stored.image.manifest.digest : top.digest
  const refusal = judged.state === 'refused' ? judged.why : undefined
  return { platform, buildId, determinants, digest, report, refusal }
}
