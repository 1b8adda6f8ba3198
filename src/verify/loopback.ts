import type { Leg } from '../plan/index.ts'
import { whyNoTools } from './conditions.ts'
import type { LegFacts } from './facts.ts'
import { failed, type Gate, notApplicable, passed, reportHint, undetermined } from './gate.ts'
import type { Loopback } from './loopback-facts.ts'

function byTransport({ sharedMemory, tcp }: Loopback) {
  return [
    { title: 'shared memory', moved: sharedMemory },
    { title: 'TCP', moved: tcp },
  ]
}

/** UCX really moves bytes between two processes: what NIXL falls back to, and the least that every machine can do. */
export function judgeUcxLoopback(leg: Leg, facts: LegFacts): Gate {
  const name = 'ucx-loopback'
  const expected = 'bytes over shared memory and over TCP'
  const missing = whyNoTools(leg)
  if (missing !== undefined && !facts.image.ucxTools)
    return notApplicable(name, { expected, actual: 'no UCX tools' }, missing)
  const { loopback } = facts.image.running
  const both = loopback ? byTransport(loopback) : []
  const rates = both.map(({ title, moved }) =>
    moved.outcome === 'ok' ? `${title} ${moved.megabytesPerSecond} MB/s` : `${title} nothing`,
  )
  const judgement = { expected, actual: loopback ? rates.join(', ') : 'unknown' }
  const broken = both.flatMap(({ title, moved }) => (moved.outcome === 'error' ? [{ title, ...moved }] : []))
  if (loopback && broken.length === 0) return passed(name, judgement)
  if (!loopback) return undetermined(name, judgement, "ucx_perftest could not be run as the image's user")
  const faults = broken.filter(({ sandbox }) => sandbox === null)
  if (faults.length > 0) {
    const said = faults.map(({ title, error }) => `over ${title}: ${error}`).join('; ')
    return failed(name, judgement, `ucx_perftest moves nothing ${said}; ${reportHint}.`)
  }
  const unusable = broken.map(({ title, sandbox }) => `${title} (${sandbox ?? ''})`).join(' and ')
  return undetermined(name, judgement, `where the image is built, no program can use ${unusable}`)
}
