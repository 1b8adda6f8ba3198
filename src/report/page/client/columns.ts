import type { Column } from '../view/sort.ts'

/** The columns as they are titled, and how their two directions are called */
export const columnTitles: Readonly<Record<Column, { title: string; up: string; down: string }>> = {
  image: { title: 'Image', up: 'Image, oldest version first', down: 'Image, newest version first' },
  aibrix: { title: 'AIBrix', up: 'AIBrix, oldest first', down: 'AIBrix, newest first' },
  nixl: { title: 'NIXL', up: 'NIXL, oldest first', down: 'NIXL, newest first' },
  gates: { title: 'Gates', up: 'Gates, worst first', down: 'Gates, best first' },
  base: { title: 'Base', up: 'Base, moved first', down: 'Base, current first' },
  added: { title: 'Added', up: 'Added, smallest first', down: 'Added, largest first' },
  created: { title: 'Created', up: 'Oldest first', down: 'Newest first' },
}
