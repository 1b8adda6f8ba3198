import { type Content, type Contents, type Gone, planPrune, type PruneSettings } from '../../prune/index.ts'
import type { Digest } from '../../registry/index.ts'
import type { PrunedRepository, PruneFate } from '../../report/index.ts'

/** A repository whose content was read; `index` is that of its plan. */
export type Place = Content & { index: number }

/** What goes, and what became of it so far. */
export type Ledger = {
  /** In the order of deletion */
  places: () => readonly Place[]
  /** What is to be deleted next; undefined at the end */
  next: (place: Place) => Gone | undefined
  note: (place: Place, one: Gone, fate: PruneFate) => void
  /** Makes a digest stay, in all repositories, and with it what it needs. @returns whether it was to go */
  pin: (digest: Digest) => boolean
  repositories: () => PrunedRepository[]
}

type Row = { queue: readonly Gone[]; position: number; done: Map<Digest, { one: Gone; fate: PruneFate }> }

/** Opens a ledger with everything that goes by these settings. @param now as in the reading */
export function createLedger(contents: Contents, settings: PruneSettings, now: Date): Ledger {
  const pinned = new Set<Digest>()
  const places = [...contents.pruned, contents.cache].map((content, index) => ({ ...content, index }))
  let plans = planPrune(contents, settings, now, pinned)
  const rows = places.map(({ index }): Row => ({ ...queueOf(index), done: new Map() }))

  function queueOf(index: number): Pick<Row, 'queue' | 'position'> {
    return { queue: plans[index]?.gone ?? [], position: 0 }
  }

  const rowOf = ({ index }: Place): Row => {
    const row = rows[index]
    if (!row) throw new Error(`there is no repository ${index}`)
    return row
  }

  const planAgain = (): void => {
    plans = planPrune(contents, settings, now, pinned)
    for (const [index, row] of rows.entries()) Object.assign(row, queueOf(index))
  }

  return {
    places: () => places,
    next: (place) => {
      const row = rowOf(place)
      while (row.done.has(row.queue[row.position]?.digest as Digest)) row.position += 1
      return row.queue[row.position]
    },
    note: (place, one, fate) => void rowOf(place).done.set(one.digest, { one, fate }),
    pin: (digest) => {
      const isGoing = rows.some(({ queue, done }) =>
        queue.some((one) => one.digest === digest && done.get(digest)?.fate.state !== 'deleted'),
      )
      if (!isGoing || pinned.has(digest)) return false
      pinned.add(digest)
      planAgain()
      return true
    },
    repositories: () =>
      rows.flatMap(({ queue, done }, index) => {
        const plan = plans[index]
        if (!plan) return []
        const ended = [...done.values()].map(({ one, fate }) => ({ ...one, fate }))
        const left = queue.flatMap((one) =>
          done.has(one.digest) ? [] : [{ ...one, fate: { state: 'left' } as const }],
        )
        const { repository, kept, bytes } = plan
        return [{ repository, kept, bytes, gone: [...ended, ...left] }]
      }),
  }
}
