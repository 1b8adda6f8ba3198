import type { Plan, PlannedLeg } from '../../plan/index.ts'
import { type Judging, requestedAttestations } from '../../promote/index.ts'
import type { RegistryClient } from '../../registry/index.ts'
import { createStore, type Store } from '../../store/index.ts'
import type { Machine } from './machine.ts'
import { objectionTo, readCatalogue } from './plan-world.ts'
import type { CommandTools } from './tools.ts'

/** What a run judges and publishes the images of a plan with, whoever built them. */
export type RunWorld = Judging &
  Pick<Machine, 'log' | 'signal' | 'redact'> & {
    registry: RegistryClient
    store: Store
    /** Milliseconds since the action began, so that a run includes its planning */
    elapsed: () => number
    /** Whether a copy of each base is stored before an image on it is published */
    keepsBases: boolean
    /** The scripts by which an image must be verified before it is published; undefined: by none */
    verifiedBy: string | undefined
    /** The reason why stored facts of its base make a leg impossible; undefined without one */
    objectionTo: (leg: PlannedLeg) => Promise<string | undefined>
  }

type RunTools = Pick<CommandTools, 'inputs' | 'registry' | 'nixl'> & {
  machine: Pick<Machine, 'dockerfiles' | 'log' | 'signal' | 'redact' | 'timers' | 'started'>
}

/** Opens the store of a plan. */
export function createRunWorld(
  { inputs, registry, nixl, machine }: RunTools,
  plan: Pick<Plan, 'cacheRepository'>,
): RunWorld {
  const { dockerfiles, log, signal, redact, timers, started } = machine
  const store = createStore(registry, plan.cacheRepository)
  return {
    registry,
    store,
    rules: inputs,
    attestations: requestedAttestations(inputs.build),
    keepsBases: inputs.keepBase,
    verifiedBy: undefined,
    log,
    signal,
    redact,
    elapsed: () => timers.now() - started,
    objectionTo: async (leg) => {
      const facts = await store.facts.read(leg.base)
      return facts && objectionTo(leg, facts, { catalogue: readCatalogue(dockerfiles), nixl })
    },
  }
}
