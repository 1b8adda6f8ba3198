import type { Leg } from '../plan/index.ts'
import { whyNoTools } from './conditions.ts'
import type { LegFacts } from './facts.ts'
import { about, type Gate, reportHint } from './gate.ts'

/** UCX moves bytes between two processes over NIXL's fallbacks, which every machine has. */
export function judgeUcxLoopback(leg: Leg, { image }: LegFacts): Gate {
  const gate = about('ucx-loopback', 'bytes over shared memory and over TCP')
  const missing = whyNoTools(leg)
  if (missing !== undefined && !image.ucxTools) return gate.with('no UCX tools').notApplicable(missing)
  const { loopback } = image.running
  if (!loopback) return gate.undetermined("ucx_perftest could not be run as the image's user")
  const both = [
    { title: 'shared memory', moved: loopback.sharedMemory },
    { title: 'TCP', moved: loopback.tcp },
  ]
  const rates = both.map(({ title, moved }) =>
    moved.outcome === 'ok' ? `${title} ${moved.megabytesPerSecond} MB/s` : `${title} nothing`,
  )
  const seen = gate.with(rates.join(', '))
  const broken = both.flatMap(({ title, moved }) => (moved.outcome === 'error' ? [{ title, ...moved }] : []))
  if (broken.length === 0) return seen.pass()
  const faults = broken.filter(({ sandbox }) => sandbox === null)
  if (faults.length > 0) {
    const where = faults.map(({ title, error }) => `over ${title}: ${error}`).join('; ')
    return seen.fail(`ucx_perftest moves nothing ${where}`, reportHint)
  }
  const unusable = broken.map(({ title, sandbox }) => `${title} (${sandbox ?? ''})`).join(' and ')
  return seen.undetermined(`where the image is built, no program can use ${unusable}`)
}
