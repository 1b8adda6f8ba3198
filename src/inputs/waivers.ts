import { allGateNames, type GateName, gateNames } from '../verify/index.ts'
import { assignments } from './fields.ts'
import { anyOf, type InputReader } from './problems.ts'

/**
 * Reads `allow-failed`, whose lines `gate=<why>` waive one gate each.
 * @param verifies whether the command judges the gates of a verification, too
 */
export function readWaivers(reader: InputReader, verifies: boolean): Map<GateName, string> {
  const names: readonly GateName[] = verifies ? allGateNames : gateNames
  const waivers = new Map<GateName, string>()
  const given = assignments(reader, 'allow-failed', {
    pattern: /^\S+$/,
    allowed: `lines gate=<why>, where the gate is ${anyOf(names)}`,
  })
  for (const [name, reason] of given) {
    const gate = names.find((candidate) => candidate === name)
    if (!gate) reader.refuse('allow-failed', anyOf(names), `the gate "${name}"`)
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
