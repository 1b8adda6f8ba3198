import type { Leg } from '../plan/index.ts'
import { judgeAsItRuns, judgeUser } from './as-it-runs.ts'
import { judgeCudaMajor } from './cuda.ts'
import { judgeDebugTools } from './debug-tools.ts'
import { judgeEntrypoint } from './entrypoint.ts'
import { judgeEngineDemands } from './engine-demands.ts'
import { judgeEnvironment, judgePipCheck } from './environment.ts'
import { judgeExtension } from './extension.ts'
import { judgeExtraContents } from './extra-contents.ts'
import type { BaseFacts, LegFacts } from './facts.ts'
import { attributed, grounded } from './follow.ts'
import type { Gate } from './gate.ts'
import { judgeArchitectures } from './gpu-architectures.ts'
import { judgeIntegration } from './integration.ts'
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
  judgeExtraContents,
  judgeEngineDemands,
  judgeIntegration,
  judgeNixlTransfer,
  judgeKvcacheRoundTrip,
  judgeUcxLoopback,
  judgeEntrypoint,
  judgeDebugTools,
]

/** Every gate that can be judged before a push, in the order of `gateNames`. */
export function judgeFacts(leg: Leg, facts: LegFacts): Gate[] {
  const gates = onFacts.map((judge) => judge(leg, facts))
  return grounded(attributed(leg, facts, gates))
}

/** Gates that fail for the base itself, whatever is built on it. */
const onBase = [judgeEngineVersion, judgeTorch, judgeCudaMajor, judgeSecondLibucp, judgeUser]

/** What a build that installs NIXL replaces: the base's NIXL with its libraries. */
const replaced = /\/\.?nixl(?:_cu\d+)?(?:\.mesonpy)?(?:\.libs)?\//

/**
 * The gates that fail on the finished image if they fail on the base, judged before the build. One
 * that follows from a gate on the image means nothing here.
 */
export function judgeBase(leg: Leg, base: BaseFacts): Gate[] {
  const { torch, nixl } = base.cudaLinks
  const links = { torch, nixl, aibrix: [], ucxTools: [] }
  const withoutNixl = {
    nixl: { distributions: {}, modules: [] },
    loaderUcx: base.loaderUcx?.filter((path) => !replaced.test(path)) ?? null,
    cudaLinks: { ...links, nixl: [] },
  }
  const keepsNixl = leg.nixlFrom === 'base'
  const stays: BaseFacts = { ...base, ...(keepsNixl ? { cudaLinks: links } : withoutNixl) }
  return [
    ...onBase.map((judge) => judge(leg, { base, image: stays })),
    judgeEngineDemands(leg, { base, image: keepsNixl ? stays : withNixl(leg, stays) }),
  ]
}

/** The base with the NIXL of the image. */
function withNixl({ nixl }: Leg, base: BaseFacts): BaseFacts {
  const others = Object.entries(base.pip).filter(([name]) => !name.startsWith('nixl-cu'))
  const pip = { ...Object.fromEntries(others), nixl }
  return { ...base, pip, nixl: { distributions: { nixl }, modules: [] } }
}
