import { isBlocking } from '../verify/gate.ts'
import type { LegReport } from '../store/leg-report.ts'

/** @returns what failed, what was found instead, and what to do, as sentences */
export function failedGates({ gates }: Pick<LegReport, 'gates'>): string {
  const failed = gates.filter(isBlocking).map(({ name, actual, hint }) => `${name} (${actual}). ${hint}`)
  return `${failed.length === 1 ? 'A gate' : `${failed.length} gates`} failed: ${failed.join(' ')}`
}
