import { le, lt, valid } from '@renovatebot/pep440'
import { isSameRelease, type Leg } from '../plan/index.ts'
import { listed } from '../text.ts'
import type { Floor } from './demand-facts.ts'
import { type BaseFacts, engineOf, type RootFacts } from './facts.ts'
import { about, type Gate, type GateBuilder } from './gate.ts'
import { isNixl } from './nixl.ts'

/**
 * What the image is built from and always uses. A comparison with another package may be in a part
 * of the engine that nobody uses.
 */
const components = new Set(['nixl', 'aibrix-kvcache', 'torch'])

function isJudged({ distribution, form }: Floor, { pip }: BaseFacts): boolean {
  return distribution in pip && (form === 'call' || isNixl(distribution) || components.has(distribution))
}

function isUnmet({ bound, version }: Pick<Floor, 'bound' | 'version'>, installed: string): boolean {
  return bound === '>=' ? lt(installed, version) : le(installed, version)
}

function floorText({ distribution, bound, version, file, line }: Floor): string {
  return `${distribution} ${bound} ${version} (${file}:${line})`
}

/** Packages meet the floors in the engine's source, and NIXL is not older than the base's. */
export function judgeEngineDemands(leg: Leg, { base, image }: RootFacts): Gate {
  const gate = about(
    'engine-demands',
    `what ${leg.engine} ${leg.version.release} demands, and NIXL not older than the base's`,
  )
  const engine = engineOf(leg, image)
  if (!engine) return gate.follows('engine-version', `the image has no ${leg.engine}`)
  const found = image.demands?.[engine.name]
  if (!found) return gate.undetermined(`the source of ${leg.engine} in ${engine.location} could not be read`)
  const judged = found.floors.filter((floor) => isJudged(floor, image))
  const versions = judged.map((floor) => ({ floor, installed: image.pip[floor.distribution] ?? '' }))
  const strange = versions.find(({ floor, installed }) => !valid(installed) || !valid(floor.version))
  const unmet = versions.find((one) => one !== strange && isUnmet(one.floor, one.installed))
  if (unmet) return tooOld(leg, gate, unmet.floor, unmet.installed)
  const older = judgeAgainstBase(leg, gate, base, image)
  if (older) return older
  const seen = gate.with(summary(judged, image))
  const [unread] = found.unread
  if (unread) return seen.undetermined(`${unread.file} can't be read: ${unread.error}`)
  if (strange)
    return seen.undetermined(`${floorText(strange.floor)} can't be compared with ${strange.installed}`)
  return seen.pass()
}

function summary(judged: readonly Floor[], { nixl }: BaseFacts): string {
  const demanded = judged.length === 0 ? 'nothing is demanded' : `met: ${listed(judged.map(floorText))}`
  return `${demanded}; NIXL ${nixl.distributions.nixl ?? 'unknown'}`
}

function tooOld(leg: Leg, all: GateBuilder, floor: Floor, installed: string): Gate {
  const { distribution, bound, version, file, line } = floor
  const gate = all.with(`${distribution} ${installed}`, `${all.expected}: ${floorText(floor)}`)
  // A step that changes the installed NIXL is reported by nixl-variant.
  if (isNixl(distribution) && !isUnmet(floor, leg.nixl))
    return gate.follows('nixl-variant', `${distribution} is ${installed} and not ${leg.nixl}`)
  const later = bound === '>=' ? `${version} or later` : `one later than ${version}`
  return gate.fail(
    `${leg.engine} ${leg.version.release} demands ${distribution} ${bound} ${version} in ${file}, line ${line}, and refuses the installed ${installed}`,
    isNixl(distribution) ? `choose nixl-version: ${later}` : `choose another version of ${leg.engine}`,
    gate.waiver,
  )
}

/** The version of NIXL; of another of its packages where `nixl` is missing */
function nixlOf({ nixl: { distributions } }: BaseFacts): string | undefined {
  return distributions.nixl ?? Object.values(distributions)[0]
}

/** The engine was released with the base's NIXL. @returns undefined if the image's is not older */
function judgeAgainstBase(leg: Leg, all: GateBuilder, base: BaseFacts, image: BaseFacts): Gate | undefined {
  // AIBrix was released with this one.
  if (leg.nixlFrom === 'tested') return undefined
  const [had, has] = [nixlOf(base), nixlOf(image)]
  if (had === undefined || has === undefined || !valid(had) || !valid(has) || !lt(has, had)) return undefined
  const gate = all.with(`NIXL ${has}`, `${all.expected}: ${had} or later`)
  if (!isSameRelease(leg.nixl, has) && !lt(leg.nixl, had))
    return gate.follows('nixl-variant', `NIXL is ${has} and not ${leg.nixl}`)
  return gate.fail(
    `${leg.engine} ${leg.version.release} was released with NIXL ${had}, which the base ships and ${has} replaces`,
    `choose nixl-version: ${had} or later`,
    `${gate.waiver} where the older one is known to work`,
  )
}
