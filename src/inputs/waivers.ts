import { type GateName, gateNames } from '../verify/index.ts'
import { assignments, type Source } from './fields.ts'

/** `allow-failed`: a line `gate=<why>` waives one gate. */
export function readWaivers(source: Source): Map<GateName, string> {
  const waivers = new Map<GateName, string>()
  const given = assignments(source, 'allow-failed', {
    pattern: /^\S+$/,
    allowed: `lines gate=<why>, with a gate of ${gateNames.join(', ')}`,
  })
  for (const [name, reason] of given) {
    const gate = gateNames.find((candidate) => candidate === name)
    if (!gate) source.problems.add('allow-failed', `the gate "${name}"`, gateNames.join(', '))
    else if (reason === '')
      source.problems.add(
        'allow-failed',
        `"${name}" without a reason`,
        `${name}=<why>, which stands in the summary and in a label`,
      )
    else waivers.set(gate, reason)
  }
  return waivers
}
