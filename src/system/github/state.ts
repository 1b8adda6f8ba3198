import { getState, saveState } from '@actions/core'
import { attempt } from './attempt.ts'

/** What `post` must clean up if `main` could not. */
const names = { privateFolder: 'private-folder', builder: 'builder' } as const

export type Leftover = keyof typeof names

/**
 * Stores a leftover for `post`.
 * @param value empty if it is cleaned up
 * @param warn shows a warning
 */
export function remember(leftover: Leftover, value: string, warn: (message: string) => void): void {
  attempt(warn, 'The state of the step', 'If the run is cancelled, nothing cleans up after it.', () =>
    saveState(names[leftover], value),
  )
}

export function remembered(leftover: Leftover): string {
  return getState(names[leftover])
}
