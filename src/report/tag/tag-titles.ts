import { engines } from '../../plan/index.ts'
import type { LegReport } from '../../store/index.ts'
import type { TaggedImage } from './tag-run.ts'

/** @returns `vLLM v0.10.2` */
export function titleOfTagged({ engine, version }: Pick<TaggedImage, 'engine' | 'version'>): string {
  return `${engines[engine].title} ${version}`
}

/** @returns each platform with its title, for the parts of the summary */
export function tagTitles(image: TaggedImage): { title: string; report: LegReport }[] {
  const title = titleOfTagged(image)
  return image.platforms.map(({ platform, report }) => ({
    title: image.platforms.length > 1 ? `${title} ${platform}` : title,
    report,
  }))
}
