import type { Output } from '../../src/system/github/output.ts'
import { actionDefaults } from '../../script/action-defaults.ts'
import { systemTimers } from '../../src/system/clock.ts'
import type { Machine } from '../../src/command/world/machine.ts'
import { defaultWaits } from '../../src/inputs/waits.ts'
import { createWorkspace } from '../../src/system/workspace.ts'
import { type Inputs, readInputs } from '../../src/inputs/inputs.ts'
import { noRetry } from './retry.ts'

/** An output that nobody reads. */
export const silent: Output = {
  log: () => undefined,
  annotate: () => undefined,
  warn: () => undefined,
  setOutput: () => undefined,
}

/** @param folder of its workspace */
export function makeMachine(folder: string, changes: Partial<Machine> = {}): Machine {
  return {
    environment: { ...process.env },
    signal: new AbortController().signal,
    workspace: createWorkspace(folder),
    dockerfiles: 'dockerfiles',
    redact: (text) => text,
    ...silent,
    timers: systemTimers,
    started: Date.now(),
    waits: defaultWaits,
    retry: noRetry,
    actionsCache: undefined,
    ...changes,
  }
}

/**
 * Returns the inputs of a scheduled run, which pushes by default; each file that they name exists.
 */
export function inputsOf(given: Record<string, string> = {}): Inputs {
  const values: Record<string, string> = { ...actionDefaults(), ...given }
  return readInputs((name) => values[name] ?? '', {
    event: { name: 'schedule', ref: '', repositoryUrl: '', tag: undefined },
    now: new Date(),
    fileExists: () => true,
    readFolder: () => undefined,
  })
}
