import type { Leg } from '../plan/index.ts'
import { listed } from '../text.ts'
import type { LegFacts } from './facts.ts'
import type { NixlTransfer } from './functional-facts.ts'
import { about, type Gate } from './gate.ts'

/** NIXL transfers bytes from one agent to another over UCX. */
export function judgeNixlTransfer(_leg: Leg, { image }: LegFacts): Gate {
  const gate = about('nixl-transfer', '1 MiB arrives unchanged from one agent at another over UCX')
  const { distributions, modules } = image.nixl
  if (Object.keys(distributions).length === 0 && modules.length === 0)
    return gate.with('nothing').follows('nixl-variant', 'there is no NIXL')
  const done = image.running.nixlTransfer
  if (!done) return gate.undetermined('NIXL could not be tested')
  const seen = gate.with(transferText(done))
  const noPlugin = missingUcx(done)
  if (noPlugin !== undefined && (image.bundledUcx?.version ?? null) === null)
    return seen.follows('nixl-ucx', `${noPlugin}, and its libucp is missing or can't be loaded`)
  if (noPlugin !== undefined && !done.driver && noPlugin.includes('libcuda.so.1'))
    return seen.undetermined(
      `${noPlugin}, the GPU driver's library, and neither the base's toolkit nor the build has a stub of it`,
    )
  const problem = noPlugin ?? transferProblem(done)
  // No build step changes the wheel: only its source can be at fault.
  const remedy = 'check that package-index has the published wheel of NIXL'
  return problem === undefined ? seen.pass() : seen.fail(problem, remedy, gate.waiver)
}

function transferText({ step, state, differs, plugins, missing }: NixlTransfer): string {
  const arrived = differs ? 'arrives changed' : 'arrives unchanged'
  const came = state === 'DONE' ? arrived : state === null ? `got as far as: ${step}` : `ended with ${state}`
  const offered = plugins === null ? '' : `, plugins ${listed(plugins, 12)}`
  const skipped = missing.map(({ plugin, error }) => plugin + (error === null ? '' : ` (${error})`))
  return `${came}${offered}${skipped.length > 0 ? `, without ${listed(skipped, 12)}` : ''}`
}

/** @returns why NIXL has no UCX; undefined if it has, or if that is not known */
function missingUcx({ plugins, missing }: NixlTransfer): string | undefined {
  if (plugins?.includes('UCX') === true) return undefined
  const skipped = missing.find(({ plugin }) => plugin === 'UCX')
  if (skipped) return `NIXL does not load its UCX plugin: ${skipped.error ?? 'it gives no reason'}`
  return plugins === null ? undefined : `NIXL has no UCX plugin, only ${listed(plugins, 12)}`
}

function transferProblem({ step, state, differs, process }: NixlTransfer): string | undefined {
  if (differs) return `${differs.count} of 1048576 bytes arrive changed, the first at offset ${differs.first}`
  if (state !== null && state !== 'DONE') return `NIXL ends the transfer with ${state}`
  const when = during[step] ?? step
  if (process.outcome === 'error') return `NIXL fails (${when}): ${process.error}`
  return step === 'end' ? undefined : `NIXL ends its process without an error (${when})`
}

const during: Record<string, string> = {
  import: 'during its import',
  agents: 'at the start of its agents',
  register: 'at the registration of memory',
  transfer: 'during the transfer',
}
