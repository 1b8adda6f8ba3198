import { engines, type Leg, type PlannedImage, refInTag } from '../plan/index.ts'
import { listed } from '../text.ts'
import type { LegReport } from '../store/index.ts'
import { escaped } from './markdown.ts'
import { type ImageOutcome, type LegOutcome, reportOf } from './outcome.ts'

/** @returns the title of an image, or that of one of its legs */
export type TitleOf = (image: PlannedImage, leg?: Leg) => string

/** What can differ between images of the same engine version. */
const differences: readonly [string, (image: PlannedImage) => string][] = [
  ['AIBrix', ({ legs }) => refInTag(legs[0].aibrix)],
  ['NIXL', ({ legs }) => legs[0].nixl],
]

function versionTitle({ engine, version }: PlannedImage): string {
  return `${engines[engine].title} ${version.tag}`
}

/**
 * The shortest unique titles: `vLLM v0.10.2`, with the AIBrix or NIXL version if images of this engine
 * version differ in it, and with the platform for a leg of an image with several
 * (`vLLM v0.10.2 linux/arm64`).
 * @param images all that are shown together
 */
export function titlesOf(images: readonly PlannedImage[]): TitleOf {
  const titles = new Map(
    [...Map.groupBy(images, versionTitle)].flatMap(([start, group]) => {
      const differing = differences.filter(([, value]) => new Set(group.map(value)).size > 1)
      return group.map((image) => {
        const more = differing.map(([name, value]) => `${name} ${value(image)}`)
        return [image.id, [start, ...more].join(' ')] as const
      })
    }),
  )
  return (image, leg) => {
    const title = titles.get(image.id) ?? versionTitle(image)
    return leg && image.legs.length > 1 ? `${title} ${leg.platform}` : title
  }
}

/** @returns titles in Markdown: `**vLLM v0.10.2, vLLM v0.11.0, vLLM v0.12.0 and 3 more**` */
export function boldTitles(titles: readonly string[]): string {
  const some = titles.map((title) => escaped(title, 120))
  return `**${listed(some, 3)}**`
}

/** A leg of a run, for the parts of the summary. */
export type TitledLeg = {
  title: string
  image: ImageOutcome
  outcome: LegOutcome
  report: LegReport | undefined
}

export function titledLegs(outcomes: readonly ImageOutcome[], titleOf: TitleOf): TitledLeg[] {
  return outcomes.flatMap((image) =>
    image.legs.map((outcome) => ({
      title: titleOf(image.image, outcome.leg),
      image,
      outcome,
      report: reportOf(outcome),
    })),
  )
}
