import type { LegReport } from '../report/leg-report.ts'

/** @returns what failed, what was found instead, and what to do, as sentences */
export function failedGates({ gates }: Pick<LegReport, 'gates'>): string {
  const failed = gates.flatMap((gate) =>
    gate.state === 'fail' ? [`${gate.name} (${gate.actual}). ${gate.hint}`] : [],
  )
  return `${failed.length === 1 ? 'A gate' : `${failed.length} gates`} failed: ${failed.join(' ')}`
}
