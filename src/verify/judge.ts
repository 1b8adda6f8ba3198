import type { Leg } from '../plan/plan.ts'
import { judgeCudaMajor } from './cuda.ts'
import { judgeEnvironment, judgePipCheck } from './environment.ts'
import { judgeArchitectures, judgeExtension } from './extension.ts'
import type { LegFacts } from './facts.ts'
import type { Gate } from './gate.ts'
import { judgeDebugTools, judgeIntegration } from './integration.ts'
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
  judgeEnvironment,
  judgePipCheck,
  judgeIntegration,
  judgeDebugTools,
]

/** Every gate that can be judged before anything is pushed, in the order of `gateNames`. */
export function judgeFacts(leg: Leg, facts: LegFacts): Gate[] {
  return onFacts.map((judge) => judge(leg, facts))
}
