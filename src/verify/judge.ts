import type { Leg } from '../plan/index.ts'
import { judgeAsItRuns, judgeUser } from './as-it-runs.ts'
import { judgeCudaMajor } from './cuda.ts'
import { judgeEntrypoint } from './entrypoint.ts'
import { judgeEngineDemands } from './engine-demands.ts'
import { judgeEnvironment, judgePipCheck } from './environment.ts'
import { judgeExtension } from './extension.ts'
import type { BaseFacts, LegFacts } from './facts.ts'
import { attributed, grounded } from './follow.ts'
import type { Gate } from './gate.ts'
import { judgeArchitectures } from './gpu-architectures.ts'
import { judgeDebugTools, judgeIntegration } from './integration.ts'
import { judgeKvcacheRoundTrip } from './kvcache-round-trip.ts'
import { judgeNixlTransfer } from './nixl-transfer.ts'
import { judgeUcxLoopback } from './loopback.ts'
import { judgeNixlVariant } from './nixl.ts'
import { judgeNixlUcx, judgeSecondLibucp, judgeUcxTools } from './ucx.ts'
import { judgeAibrixVersion, judgeEngineVersion, judgeTorch } from './versions.ts'

const onFacts = [
  judgeEngineVersion,
  judgeTorch,
  judgeAibrixVersion,
  judgeExtension,
  judgeArchitectures,
  judgeCudaMajor,
  judgeNixlVariant,
  judgeNixlUcx,
  judgeSecondLibucp,
  judgeUcxTools,
  judgeAsItRuns,
  judgeEnvironment,
  judgePipCheck,
  judgeEngineDemands,
  judgeIntegration,
  judgeNixlTransfer,
  judgeKvcacheRoundTrip,
  judgeUcxLoopback,
  judgeEntrypoint,
  judgeDebugTools,
]

/** Every gate that can be judged before anything is pushed, in the order of `gateNames`. */
export function judgeFacts(leg: Leg, facts: LegFacts): Gate[] {
  const gates = onFacts.map((judge) => judge(leg, facts))
  return grounded(attributed(leg, facts, gates))
}

/** Those that fail for what is the base's own, whatever is built on it. */
const onBase = [judgeEngineVersion, judgeTorch, judgeCudaMajor, judgeSecondLibucp, judgeUser]

/** What a build replaces that installs NIXL: the base's with its libraries. */
const replaced = /\/\.?nixl(?:_cu\d+)?(?:\.mesonpy)?(?:\.libs)?\//

/**
 * The gates that fail on the finished image if they fail on the base, of which alone is known. One that follows from a gate on the
 * image says nothing here.
 */
export function judgeBase(leg: Leg, base: BaseFacts): Gate[] {
  const { torch, nixl } = base.cudaLinks
  const links = { torch, nixl, aibrix: [], ucxTools: [] }
  if (leg.nixlFrom === 'base') return onBaseWith(leg, base, { ...base, cudaLinks: links })
  const stays: BaseFacts = {
    ...base,
    nixl: { distributions: {}, modules: [] },
    loaderUcx: base.loaderUcx?.filter((path) => !replaced.test(path)) ?? null,
    cudaLinks: { ...links, nixl: [] },
  }
  return onBaseWith(leg, base, stays, withNixl(leg, stays))
}

/** @param stays what of the base will be in the image @param demanded the same with its NIXL */
function onBaseWith(leg: Leg, base: BaseFacts, stays: BaseFacts, demanded = stays): Gate[] {
  return [
    ...onBase.map((judge) => judge(leg, { base, image: stays })),
    judgeEngineDemands(leg, { base, image: demanded }),
  ]
}

/** The base with the NIXL that will be in it. */
function withNixl({ nixl }: Leg, base: BaseFacts): BaseFacts {
  const others = Object.entries(base.pip).filter(([name]) => !name.startsWith('nixl-cu'))
  const pip = { ...Object.fromEntries(others), nixl }
  return { ...base, pip, nixl: { distributions: { nixl }, modules: [] } }
}
