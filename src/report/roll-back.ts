import { type Digest, familiarReference, familiarRepository, type Repository } from '../registry/index.ts'
import type { Part } from './fit.ts'
import { codeBlock } from './markdown.ts'

/** A tag that was moved from another image, whose digest is `from`. */
export type MovedTag = { tag: string; from: Digest }

/** Where tags were moved: in a public repository, and in its mirrors with it. */
type Moved = { repository: Repository; mirrors: readonly Repository[]; moved: readonly MovedTag[] }

/** The inputs that move tags back, once for each image that they named. */
export function rollBackPart(places: readonly Moved[]): Part[] {
  const blocks = places.flatMap(({ repository, mirrors, moved }) =>
    [...Map.groupBy(moved, ({ from }) => from)].map(([digest, group]) => {
      const tags = inLines(group.map(({ tag }) => tag))
      const image = familiarReference({ ...repository, digest })
      const also = mirrors.length === 0 ? '' : `\nmirrors: ${inLines(mirrors.map(familiarRepository))}`
      return `command: tag\nimage: ${image}\ntags: ${tags}\noverwrite-tags: ${tags}${also}`
    }),
  )
  if (blocks.length === 0) return []
  return [
    { text: '### Roll back' },
    {
      text: 'Tags were moved from other images. With the same `registry`, `namespace`, `cache-repository` and credentials, these inputs move them back:',
    },
    ...blocks.map((block) => ({ text: codeBlock(block, 'yaml') })),
  ]
}

/** A value of several lines in YAML */
function inLines(values: readonly string[]): string {
  return ['|-', ...values.map((value) => `  ${value}`)].join('\n')
}
