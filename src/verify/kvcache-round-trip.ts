import type { Leg } from '../plan/index.ts'
import type { LegFacts } from './facts.ts'
import type { KvcacheRoundTrip } from './functional-facts.ts'
import { about, type Gate } from './gate.ts'

/** AIBrix's cache gives back what was written to it, from memory and from shared files. */
export function judgeKvcacheRoundTrip(_leg: Leg, { image }: LegFacts): Gate {
  const gate = about('kvcache-round-trip', "AIBrix's cache gives back what was written to it")
  const { aibrix, running } = image
  const done = running.kvcacheRoundTrip
  if (!aibrix || (aibrix.import.outcome === 'error' && done?.process.outcome !== 'ok'))
    return gate.with('nothing').follows('aibrix-version', 'there is no aibrix_kvcache that can be imported')
  if (!done) return gate.undetermined("AIBrix's cache could not be tested")
  const seen = gate.with(roundTripText(done))
  if (done.lacks !== null)
    return seen.undetermined(`this AIBrix does not have ${done.lacks}, which the test of its cache needs`)
  const problem = roundTripProblem(done)
  if (problem === undefined) return seen.pass()
  return seen.fail(problem, 'choose another aibrix-version', gate.waiver)
}

function roundTripText({ step, memory, files }: KvcacheRoundTrip): string {
  const bytes = (blocks: NonNullable<typeof memory>, where: string) =>
    `${blocks.bytes} bytes from ${where} ${blocks.differs ? 'changed' : 'unchanged'}`
  const noFiles = files ? [] : ['no shared file system backend in this release']
  const parts = [
    ...(memory ? [bytes(memory, 'memory')] : []),
    ...(files ? [bytes(files, 'files')] : []),
    ...(step === 'end' ? noFiles : [`got as far as: ${step}`]),
  ]
  return parts.join(', ')
}

function roundTripProblem({ step, memory, files, process }: KvcacheRoundTrip): string | undefined {
  const both = [
    { where: 'memory', blocks: memory },
    { where: 'files', blocks: files },
  ]
  for (const { where, blocks } of both)
    if (blocks?.differs) {
      const { count, first } = blocks.differs
      return `AIBrix's cache gives back other bytes from ${where} than were written to it: ${count} of ${blocks.bytes} differ, the first at offset ${first}`
    }
  const when = during[step] ?? step
  if (process.outcome === 'error') return `AIBrix's cache fails (${when}): ${process.error}`
  return step === 'end' ? undefined : `AIBrix's cache ends its process without an error (${when})`
}

const during: Record<string, string> = {
  import: 'during its import',
  memory: 'in memory',
  files: 'with its shared file system backend',
}
