/** How a run ended. `not begun`: options, inputs or environment are wrong, and nothing was done */
export type Ending =
  { kind: 'succeeded' | 'failed' | 'not begun' } | { kind: 'cancelled'; by: 'SIGINT' | 'SIGTERM' }

/** As shells have them for a program that a signal ended: 128 and its number */
const ofSignals = { SIGINT: 130, SIGTERM: 143 }

/** The exit codes in docs/terminal.md and in the help */
export function exitCodeOf(ending: Ending): number {
  if (ending.kind === 'cancelled') return ofSignals[ending.by]
  return { succeeded: 0, failed: 1, 'not begun': 2 }[ending.kind]
}
