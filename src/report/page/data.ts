import type { Inventory, ListedImage, ListedPlatform } from '../../inventory/index.ts'

export type AddedPackage = NonNullable<ListedPlatform['addedPackages']>[number]

export type PagePlatform = Omit<ListedPlatform, 'addedPackages'> & {
  /** Positions in `PageData.packages` */
  addedPackages: readonly number[] | null
}

export type PageImage = Omit<ListedImage, 'platforms'> & { platforms: readonly PagePlatform[] }

/** What the page's script reads: the inventory, with each added package only once. */
export type PageData = Omit<Inventory, 'images'> & {
  images: readonly PageImage[]
  packages: readonly AddedPackage[]
  /** Every version of engine, AIBrix and NIXL, the oldest first: a browser has no order of versions */
  versions: readonly string[]
}
