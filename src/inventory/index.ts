/** What is published: every image of the public repositories, with what was measured in it. */
export {
  type Behind,
  behindSchema,
  type Inventory,
  inventorySchema,
  type ListedImage,
  type ListedPlatform,
} from './inventory.ts'
