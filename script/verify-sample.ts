// Samples of summaries of command: verify for script/render-summary.ts.
import { renderVerifySummary } from '../src/report/verify/verify-summary.ts'
import { makeRecord } from '../__tests__/support/records.ts'
import { digest } from '../__tests__/support/reports.ts'

/** Returns the summaries of `command: verify` for an image that is as published, and one that is not. */
export function verifySamples(): Record<'verify' | 'verify-failed', string> {
  const record = makeRecord()
  const stored = `docker.io/aibrix/image-cache:verified-${digest.replace('sha256:', '')}-${record.scripts}`
  const image = { record, base: 'measured', stored } as const
  const gates = record.report.gates.map((gate) =>
    gate.name === 'environment-untouched'
      ? {
          ...{
            name: gate.name,
            expected: gate.expected,
            actual: 'numpy 2.2.6 → 1.26.4',
            state: 'fail' as const,
          },
          hint: 'A build step changed numpy 2.2.6 → 1.26.4, with which the engine was tested; build it again.',
        }
      : gate,
  )
  const changed = { ...image, record: { ...record, report: { ...record.report, gates } } }
  return {
    verify: renderVerifySummary({ duration: 61_000, image }),
    'verify-failed': renderVerifySummary({ duration: 59_000, image: changed }),
  }
}
