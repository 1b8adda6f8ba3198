import { type GateName, gateNames } from '../verify/index.ts'
import { assignments } from './fields.ts'
import { anyOf, type InputReader } from './problems.ts'

/** Reads `allow-failed`, whose lines `gate=<why>` waive one gate each. */
export function readWaivers(reader: InputReader): Map<GateName, string> {
  const waivers = new Map<GateName, string>()
  const given = assignments(reader, 'allow-failed', {
    pattern: /^\S+$/,
    allowed: `lines gate=<why>, where the gate is ${anyOf(gateNames)}`,
  })
  for (const [name, reason] of given) {
    const gate = gateNames.find((candidate) => candidate === name)
    if (!gate) reader.refuse('allow-failed', anyOf(gateNames), `the gate "${name}"`)
    else if (reason === '')
      reader.refuse(
        'allow-failed',
        `${name}=<why>, which is shown in the summary and in a label`,
        `"${name}" without a reason`,
      )
    else waivers.set(gate, reason)
  }
  return waivers
}
