import { type Annotation, annotationsOfGates, error, limited } from '../annotations.ts'
import { titleOfVerified } from './verify-summary.ts'
import type { VerifyRun } from './verify-run.ts'

/** @returns the errors and warnings of `command: verify`, worst first */
export function annotationsOfVerifyRun({ image, error: sentence }: VerifyRun): Annotation[] {
  const all = [
    ...(sentence === undefined ? [] : [error('Verifying failed', sentence)]),
    ...(image ? annotationsOfGates(titleOfVerified(image), image.record.report) : []),
  ]
  return [...limited(all, 'error'), ...limited(all, 'warning')]
}
