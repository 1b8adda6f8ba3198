import * as v from 'valibot'
import { parsed } from '../json.ts'
import { digestSchema } from '../plan/index.ts'
import type { Digest } from '../registry/index.ts'
import { listedImageSchema, listedPlatformSchema } from './inventory.ts'
import type { ReadImage, ReadPlatform } from './read-image.ts'
import type { Packages } from './report-facts.ts'

/** Version of the document's content; others are not read. */
const format = 1

const packageRow = v.tuple([v.picklist(['pip', 'dpkg']), v.string(), v.string()])

const keptPlatform = v.object({
  ...v.omit(listedPlatformSchema, ['base', 'addedPackages', 'minimumDriver']).entries,
  minimumDriver: v.nullable(v.string()),
  /** Position in `packages` */
  addedPackages: v.nullable(v.number()),
  base: v.nullable(
    v.object({
      name: v.string(),
      digest: digestSchema,
      tag: v.nullable(v.string()),
      top: v.nullable(digestSchema),
      /** What earlier versions wrote is all upstream's */
      isUpstream: v.optional(v.boolean(), true),
    }),
  ),
  report: v.nullable(digestSchema),
  built: v.nullable(v.string()),
})

/**
 * What is kept about the images of one repository: what a digest answers, and no tags, which move. A
 * line of JSON with this head, then one for each image: thousands as one value would need much memory.
 */
const headSchema = v.object({
  format: v.literal(format),
  /** Most images share their added packages with others, so each list is written once. */
  packages: v.array(v.array(packageRow)),
  images: v.number(),
})

const lineSchema = v.object({
  ...v.pick(listedImageSchema, ['digest', 'engine', 'created']).entries,
  platforms: v.array(keptPlatform),
})

/** @returns digest → what it answers, without damaged lines; undefined if the text is not such a document */
export function parseKept(text: string): Map<Digest, ReadImage> | undefined {
  const [first = '', ...lines] = text.trimEnd().split('\n')
  const head = parsed(headSchema, first)
  if (head?.images !== lines.length) return undefined
  const lists: Packages[] = head.packages.map((rows) =>
    rows.map(([from, name, version]) => ({ from, name, version })),
  )
  const images = new Map<Digest, ReadImage>()
  for (const line of lines) {
    const image = parsed(lineSchema, line)
    // It is read again, like one that is new.
    if (!image) continue
    const platforms = image.platforms.map(({ addedPackages: at, ...platform }): ReadPlatform => ({
      ...platform,
      addedPackages: at === null ? null : (lists[at] ?? []),
    }))
    images.set(image.digest, { ...image, platforms })
  }
  return images
}

/** @returns the same text for the same images, in any order */
export function serialiseKept(images: Iterable<ReadImage>): string {
  const places = new Map<string, number>()
  const placeOf = (packages: Packages | null): number | null => {
    if (packages === null) return null
    const text = JSON.stringify(packages.map(({ from, name, version }) => [from, name, version]))
    const place = places.get(text) ?? places.size
    places.set(text, place)
    return place
  }
  const lines = [...images]
    .sort((left, right) => (left.digest < right.digest ? -1 : 1))
    .map(({ platforms, ...image }) =>
      JSON.stringify({
        ...image,
        platforms: platforms.map((platform) => ({
          ...platform,
          addedPackages: placeOf(platform.addedPackages),
        })),
      }),
    )
  const packages = `[${[...places.keys()].join(',')}]`
  const head = `{"format":${format},"packages":${packages},"images":${lines.length}}`
  return [head, ...lines, ''].join('\n')
}
