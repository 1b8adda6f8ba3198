import type { Content, Gone, PrunePlan } from '../../prune/index.ts'
import type { Digest } from '../../registry/index.ts'
import type { PrunedRepository, PruneFate } from '../../report/index.ts'

/** A repository whose content was read; `index` is that of its plan. */
export type Place = Content & { index: number }

/** What goes, and what became of it so far. */
export type Ledger = {
  /** In the order of deletion */
  places: readonly Place[]
  /** What is to be deleted next; undefined at the end */
  next: (place: Place) => Gone | undefined
  note: (place: Place, one: Gone, fate: PruneFate) => void
  /**
   * Makes a digest stay, in all repositories, and with it what it needs.
   * @returns whether it was to go
   */
  pin: (digest: Digest) => boolean
  repositories: () => PrunedRepository[]
}

/** A digest that something became of. */
type Done = { one: Gone; fate: PruneFate }

type Row = { plan: PrunePlan; position: number; done: Map<Digest, Done> }

/**
 * Opens a ledger with everything that goes.
 * @param contents in the order of deletion
 * @param planFor decides again what goes if these digests stay: a plan for each of the contents
 */
export function createLedger(
  contents: readonly Content[],
  planFor: (pinned: ReadonlySet<Digest>) => readonly PrunePlan[],
): Ledger {
  const pinned = new Set<Digest>()
  const rows = planFor(pinned).map((plan): Row => ({ plan, position: 0, done: new Map() }))
  const rowOf = ({ index }: Place): Row => {
    const row = rows[index]
    if (!row) throw new Error(`there is no plan for repository ${index}`)
    return row
  }
  return {
    places: contents.map((content, index) => ({ ...content, index })),
    next: (place) => {
      const row = rowOf(place)
      const { gone } = row.plan
      for (; row.position < gone.length; row.position += 1) {
        const one = gone[row.position]
        if (one && !row.done.has(one.digest)) return one
      }
      return undefined
    },
    note: (place, one, fate) => void rowOf(place).done.set(one.digest, { one, fate }),
    pin: (digest) => {
      if (pinned.has(digest) || !rows.some((row) => isGoing(row, digest))) return false
      pinned.add(digest)
      for (const [index, plan] of planFor(pinned).entries()) {
        const row = rows[index]
        if (row) Object.assign(row, { plan, position: 0 })
      }
      return true
    },
    repositories: () => rows.map(repositoryOf),
  }
}

function isGoing({ plan, done }: Row, digest: Digest): boolean {
  const state = done.get(digest)?.fate.state
  return state !== 'deleted' && state !== 'vanished' && plan.gone.some((one) => one.digest === digest)
}

/** What something became of is listed first, in this order. */
function repositoryOf({ plan: { repository, kept, bytes, gone }, done }: Row): PrunedRepository {
  const left = gone.filter(({ digest }) => !done.has(digest))
  return {
    ...{ repository, kept, bytes },
    gone: [
      ...[...done.values()].map(({ one, fate }) => ({ ...one, fate })),
      ...left.map((one) => ({ ...one, fate: { state: 'left' } as const })),
    ],
  }
}
