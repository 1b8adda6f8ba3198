import type { Inventory } from '../../src/inventory/inventory.ts'
import type { PageData } from '../../src/report/page/data.ts'
import { packed } from '../../src/report/page/pack.ts'

/** Returns what the page's script reads. */
export function pageDataOf(inventory: Inventory): PageData {
  const { rest, images, packages, versions } = packed(inventory)
  return { ...rest, images: [...images], packages, versions }
}
