import { type GateName, gateNames } from '../verify/gate.ts'
import { assignments, type Source } from './fields.ts'

/** `allow-failed`: a line `gate=<why>` waives one gate. */
export function readWaivers(source: Source): Map<GateName, string> {
  const waivers = new Map<GateName, string>()
  const given = assignments(source, 'allow-failed', { pattern: /^[a-z-]+$/, allowed: 'lines gate=<why>' })
  for (const [name, reason] of given) {
    const gate = gateNames.find((candidate) => candidate === name)
    if (!gate) source.problems.add('allow-failed', `the gate "${name}"`, gateNames.join(', '))
    else if (reason === '') source.problems.add('allow-failed', `"${name}" without a reason`, `${name}=<why>`)
    else waivers.set(gate, reason)
  }
  return waivers
}
