import type { Leg } from '../plan/index.ts'
import type { LegFacts } from './facts.ts'
import type { KvcacheRoundTrip } from './functional-facts.ts'
import { failed, follows, type Gate, passed, undetermined, waiverHint } from './gate.ts'

const name = 'kvcache-round-trip'

/** What AIBrix' cache is for: blocks come out of it as they went in, from memory and from shared files. */
export function judgeKvcacheRoundTrip(_leg: Leg, { image }: LegFacts): Gate {
  const expected = "blocks come out of AIBrix' cache as they went in"
  const { aibrix, running } = image
  const done = running.kvcacheRoundTrip
  if (!aibrix || (aibrix.import.outcome === 'error' && done?.process.outcome !== 'ok'))
    return follows(
      name,
      { expected, actual: 'nothing' },
      'aibrix-version',
      'no aibrix_kvcache that can be imported',
    )
  if (!done)
    return undetermined(
      name,
      { expected, actual: 'unknown' },
      "what AIBrix' cache does could not be measured",
    )
  const judgement = { expected, actual: describe(done) }
  if (done.lacks !== null)
    return undetermined(
      name,
      judgement,
      `this AIBrix does not have ${done.lacks}, by which its cache is tried`,
    )
  const problem = problemOf(done)
  if (problem === undefined) return passed(name, judgement)
  return failed(name, judgement, `${problem}; choose another aibrix-version, or ${waiverHint(name)}.`)
}

function describe({ step, memory, files }: KvcacheRoundTrip): string {
  const bytes = (taken: NonNullable<typeof memory>, where: string) =>
    `${taken.bytes} bytes from ${where} ${taken.differs ? 'changed' : 'equal'}`
  const parts = [
    ...(memory ? [bytes(memory, 'memory')] : []),
    ...(files ? [bytes(files, 'files')] : []),
    ...(step !== 'end'
      ? [`came to: ${step}`]
      : files
        ? []
        : ['no shared file system backend in this release']),
  ]
  return parts.join(', ')
}

function problemOf({ step, memory, files, process }: KvcacheRoundTrip): string | undefined {
  for (const [where, taken] of [
    ['memory', memory],
    ['files', files],
  ] as const)
    if (taken?.differs)
      return `AIBrix' cache gives other bytes from ${where} than were put into it: ${taken.differs.count} of ${taken.bytes} differ, the first at offset ${taken.differs.first}`
  if (process.outcome === 'error') return `AIBrix' cache fails (${doing[step] ?? step}): ${process.error}`
  return step === 'end' ? undefined : `AIBrix' cache ends its process without a word (${doing[step] ?? step})`
}

const doing: Record<string, string> = {
  import: 'while it is imported',
  memory: 'in memory',
  files: 'through its shared file system backend',
}
