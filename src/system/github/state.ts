import * as core from '@actions/core'
import { attempt } from './attempt.ts'

/** What `post` has to clean up if `main` did not come to it. */
const names = { privateFolder: 'private-folder', builder: 'builder' } as const

export type Leftover = keyof typeof names

/** Keeps it for `post`; an empty value says that it is cleaned up. */
export function remember(leftover: Leftover, value: string): void {
  attempt('The state of the step', 'If the run is cancelled, nothing cleans up after it.', () => {
    core.saveState(names[leftover], value)
  })
}

export function remembered(leftover: Leftover): string {
  return core.getState(names[leftover])
}
