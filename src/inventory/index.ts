/** What is published: every image of the public repositories, with what was measured in it. */
export { baseStates, type BaseState } from './base-states.ts'
export {
  type Behind,
  behindSchema,
  type Inventory,
  inventorySchema,
  type ListedImage,
  type ListedPlatform,
} from './inventory.ts'
export { inParallel } from './in-parallel.ts'
export { timeText } from './time.ts'
export { type NoTerm, parseWhere, type Term, type Where } from './where.ts'
