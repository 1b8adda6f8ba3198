import type { Leg } from '../plan/plan.ts'
import type { LegFacts } from './facts.ts'
import { failed, follows, type Gate, passed, reportHint, undetermined } from './gate.ts'
import type { Loopback } from './loopback-facts.ts'
import { judgeUcxTools } from './ucx.ts'

const transports = [
  ['shared memory', 'sharedMemory'],
  ['TCP', 'tcp'],
] as const

type Moved = Loopback['tcp']

function describe(moved: Moved): string {
  return moved.outcome === 'ok' ? `${moved.megabytesPerSecond} MB/s` : 'nothing'
}

/** UCX really moves bytes between two processes: what NIXL falls back to, and the least that every machine can do. */
export function judgeUcxLoopback(leg: Leg, facts: LegFacts): Gate {
  const name = 'ucx-loopback'
  const expected = 'bytes over shared memory and over TCP'
  const { loopback } = facts.image.running
  const actual = loopback
    ? transports.map(([title, transport]) => `${title} ${describe(loopback[transport])}`).join(', ')
    : 'unknown'
  const judgement = { expected, actual }
  const broken = loopback
    ? transports.flatMap(([title, transport]) => {
        const moved = loopback[transport]
        return moved.outcome === 'error' ? [{ title, ...moved }] : []
      })
    : []
  if (loopback && broken.length === 0) return passed(name, judgement)
  const tools = judgeUcxTools(leg, facts)
  if (tools.state === 'fail')
    return follows(name, judgement, tools.name, 'ucx_perftest is not as it should be, so nothing is moved')
  if (!loopback) return undetermined(name, judgement, "ucx_perftest could not be started as the image's user")
  const said = ({ title, error }: (typeof broken)[number]) => `over ${title}: ${error}`
  const fault = broken.filter(({ sandbox }) => sandbox === null)
  if (fault.length > 0)
    return failed(name, judgement, `ucx_perftest moves nothing ${fault.map(said).join('; ')}; ${reportHint}.`)
  const reasons = broken.map(({ title, sandbox }) => `${title} (${sandbox ?? ''})`)
  return undetermined(name, judgement, `the machine that builds has no ${reasons.join(' and no ')}`)
}
