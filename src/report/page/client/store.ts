import type { Linked } from '../view/hash.ts'

/** All that changes on the page */
export type State = Linked & {
  /** Keys of the images that are chosen for a comparison: at most two */
  chosen: readonly string[]
}

type Listener = (state: State, before: State) => void

export type Store = {
  state: () => State
  change: (changes: Partial<State>) => void
  /** Also calls the listener at once, with the same state twice. */
  watch: (listener: Listener) => void
}

export function createStore(initial: State): Store {
  let state = initial
  const listeners: Listener[] = []
  return {
    state: () => state,
    change: (changes) => {
      const before = state
      state = { ...state, ...changes }
      for (const listener of listeners) listener(state, before)
    },
    watch: (listener) => {
      listeners.push(listener)
      listener(state, state)
    },
  }
}
