import { compare, valid } from '@renovatebot/pep440'
import type { Inventory, ListedImage } from '../../inventory/index.ts'
import type { AddedPackage, PageData, PageImage } from './data.ts'

/** The data of the page, of which the images are made one after another. */
export type Packing = {
  /** All but images, packages and versions */
  rest: Omit<PageData, 'images' | 'packages' | 'versions'>
  images: Iterable<PageImage>
  /** Complete once all images were taken */
  packages: readonly AddedPackage[]
  versions: readonly string[]
}

/** Packs an inventory into a fraction of its size: images share most packages. */
export function packed({ images, ...rest }: Inventory): Packing {
  const packages: AddedPackage[] = []
  const positions = new Map<string, number>()
  const positionOf = (added: AddedPackage): number => {
    const key = JSON.stringify([added.from, added.name, added.version])
    const known = positions.get(key)
    if (known !== undefined) return known
    positions.set(key, packages.length)
    return packages.push(added) - 1
  }
  const packedImages = function* (): Generator<PageImage> {
    for (const image of images) {
      const platforms = image.platforms.map((platform) => ({
        ...platform,
        addedPackages: platform.addedPackages?.map(positionOf) ?? null,
      }))
      yield { ...image, platforms }
    }
  }
  return { rest, images: packedImages(), packages, versions: orderedVersions(images) }
}

const ordered = ['engine', 'aibrix', 'nixl']

/** Branches and commits, which are no versions, come first. */
function orderedVersions(images: readonly ListedImage[]): string[] {
  const components = images.flatMap(({ platforms }) => platforms.map((platform) => platform.components))
  const versions = new Set(components.flatMap((each) => ordered.flatMap((name) => each[name] ?? [])))
  return [...versions].sort((left, right) => {
    const [isLeft, isRight] = [isVersion(left), isVersion(right)]
    if (isLeft && isRight) return compare(left, right)
    return isLeft === isRight ? (left < right ? -1 : 1) : isLeft ? 1 : -1
  })
}

function isVersion(text: string): boolean {
  return valid(text) !== null
}
