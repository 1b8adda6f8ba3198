import { listed } from '../text.ts'
import type { Leg } from '../plan/index.ts'
import type { LegFacts } from './facts.ts'
import type { NixlTransfer } from './functional-facts.ts'
import { failed, follows, type Gate, passed, undetermined, waiverHint } from './gate.ts'

const name = 'nixl-transfer'

/** Where the bytes of a wheel can have gone wrong, which nothing in a build changes. */
const remedy = `check that package-index has the published wheel of NIXL, or ${waiverHint(name)}`

/** What NIXL is for: bytes of one agent arrive at another one, over UCX. */
export function judgeNixlTransfer(_leg: Leg, { image }: LegFacts): Gate {
  const expected = '1 MiB goes from one agent to another over UCX'
  const { distributions, modules } = image.nixl
  if (Object.keys(distributions).length === 0 && modules.length === 0)
    return follows(name, { expected, actual: 'nothing' }, 'nixl-variant', 'no NIXL to transfer with')
  const done = image.running.nixlTransfer
  if (!done)
    return undetermined(name, { expected, actual: 'unknown' }, 'what NIXL does could not be measured')
  const judgement = { expected, actual: describe(done) }
  const noPlugin = withoutUcx(done)
  if (noPlugin !== undefined && (image.bundledUcx?.version ?? null) === null)
    return follows(name, judgement, 'nixl-ucx', `${noPlugin}, and its libucp is not there or can't be loaded`)
  if (noPlugin !== undefined && !done.driver && noPlugin.includes('libcuda.so.1'))
    return undetermined(
      name,
      judgement,
      `${noPlugin}, the GPU driver's library, and neither the base's toolkit nor the build has a stub of it`,
    )
  const problem = noPlugin ?? problemOf(done)
  return problem === undefined ? passed(name, judgement) : failed(name, judgement, `${problem}; ${remedy}.`)
}

function describe({ step, state, differs, plugins, missing }: NixlTransfer): string {
  const arrived = differs ? 'arrives changed' : 'arrives equal'
  const came = state === 'DONE' ? arrived : state === null ? `came to: ${step}` : `ended with ${state}`
  const offered = plugins === null ? '' : `, plugins ${listed(plugins, 12)}`
  const skipped = missing.map(({ plugin, error }) => plugin + (error === null ? '' : ` (${error})`))
  return `${came}${offered}${skipped.length > 0 ? `, without ${listed(skipped, 12)}` : ''}`
}

/** @returns why there is no UCX to transfer over, a sentence without its end; undefined if it is there, or not known */
function withoutUcx({ plugins, missing }: NixlTransfer): string | undefined {
  if (plugins?.includes('UCX') === true) return undefined
  const skipped = missing.find(({ plugin }) => plugin === 'UCX')
  if (skipped) return `NIXL does not load its UCX plugin: ${skipped.error ?? 'it gives no reason'}`
  return plugins === null ? undefined : `NIXL came without a UCX plugin, it has ${listed(plugins, 12)}`
}

function problemOf({ step, state, differs, process }: NixlTransfer): string | undefined {
  if (differs) return `${differs.count} of 1048576 bytes arrive changed, the first at offset ${differs.first}`
  if (state !== null && state !== 'DONE') return `NIXL ends the transfer with ${state}`
  if (process.outcome === 'error') return `NIXL fails (${doing[step] ?? step}): ${process.error}`
  return step === 'end' ? undefined : `NIXL ends its process without a word (${doing[step] ?? step})`
}

const doing: Record<string, string> = {
  import: 'while it is imported',
  agents: 'while its agents start',
  register: 'while memory is registered',
  transfer: 'during the transfer',
}
