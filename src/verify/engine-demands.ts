import { listed } from '../text.ts'
import { le, lt, valid } from '@renovatebot/pep440'
import { isSameRelease, type Leg } from '../plan/index.ts'
import type { Floor } from './demand-facts.ts'
import { type BaseFacts, engineOf, type RootFacts } from './facts.ts'
import { failed, follows, type Gate, type GateName, passed, undetermined, waiverHint } from './gate.ts'

const name: GateName = 'engine-demands'

/** What the image is put together from. A comparison can be of a part of the engine that nobody uses; these are always used. */
const components = new Set(['nixl', 'aibrix-kvcache', 'torch'])

function isNixl(distribution: string): boolean {
  return /^nixl(?:-cu\d+)?$/.test(distribution)
}

function isJudged({ distribution, form }: Floor, { pip }: BaseFacts): boolean {
  return distribution in pip && (form === 'call' || isNixl(distribution) || components.has(distribution))
}

function isUnmet({ bound, version }: Pick<Floor, 'bound' | 'version'>, installed: string): boolean {
  return bound === '>=' ? lt(installed, version) : le(installed, version)
}

function describe({ distribution, bound, version, file, line }: Floor): string {
  return `${distribution} ${bound} ${version} (${file}:${line})`
}

/** What is installed is as new as the engine's source demands, and NIXL as new as the one that the base brought. */
export function judgeEngineDemands(leg: Leg, { base, image }: RootFacts): Gate {
  const expected = `what ${leg.engine} ${leg.version.release} demands, and NIXL not older than the base's`
  const engine = engineOf(leg, image)
  if (!engine)
    return follows(name, { expected, actual: 'unknown' }, 'engine-version', `the image has no ${leg.engine}`)
  const found = image.demands?.[engine.name]
  if (!found)
    return undetermined(
      name,
      { expected, actual: 'unknown' },
      `the source of ${leg.engine} in ${engine.location} could not be looked at`,
    )
  const judged = found.floors.filter((floor) => isJudged(floor, image))
  const versions = judged.map((floor) => ({ floor, installed: image.pip[floor.distribution] ?? '' }))
  const strange = versions.find(({ floor, installed }) => !valid(installed) || !valid(floor.version))
  const unmet = versions.find((one) => one !== strange && isUnmet(one.floor, one.installed))
  if (unmet) return tooOld(leg, expected, unmet.floor, unmet.installed)
  const older = judgeAgainstBase(leg, expected, base, image)
  if (older) return older
  const judgement = { expected, actual: summary(judged, image) }
  const [unread] = found.unread
  if (unread) return undetermined(name, judgement, `${unread.file} can't be read: ${unread.error}`)
  if (strange)
    return undetermined(
      name,
      judgement,
      `${describe(strange.floor)} can't be compared with ${strange.installed}`,
    )
  return passed(name, judgement)
}

function summary(judged: readonly Floor[], { nixl }: BaseFacts): string {
  const demanded = judged.length === 0 ? 'nothing is demanded' : `met: ${listed(judged.map(describe))}`
  return `${demanded}; NIXL ${nixl.distributions.nixl ?? 'unknown'}`
}

function tooOld(leg: Leg, expected: string, floor: Floor, installed: string): Gate {
  const { distribution, bound, version, file, line } = floor
  const judgement = { expected: `${expected}: ${describe(floor)}`, actual: `${distribution} ${installed}` }
  // Whoever changes NIXL once it is installed is found by its own gate.
  if (isNixl(distribution) && !isUnmet(floor, leg.nixl))
    return follows(name, judgement, 'nixl-variant', `${distribution} is ${installed} and not ${leg.nixl}`)
  const later = bound === '>=' ? `${version} or later` : `one later than ${version}`
  const choice = isNixl(distribution)
    ? `choose nixl-version: ${later}`
    : `choose another version of ${leg.engine}`
  return failed(
    name,
    judgement,
    `${leg.engine} ${leg.version.release} demands ${distribution} ${bound} ${version} in ${file}, line ${line}, and ${installed} is installed, which it refuses; ${choice}, or ${waiverHint(name)}.`,
  )
}

/** The version of NIXL; of its packages alone where there is no package `nixl` */
function nixlOf({ nixl: { distributions } }: BaseFacts): string | undefined {
  return distributions.nixl ?? Object.values(distributions)[0]
}

/** The engine was released with the NIXL that its image brings. @returns undefined if there is nothing to say */
function judgeAgainstBase(leg: Leg, expected: string, base: BaseFacts, image: BaseFacts): Gate | undefined {
  // AIBrix has released it with this one.
  if (leg.nixlFrom === 'tested') return undefined
  const [had, has] = [nixlOf(base), nixlOf(image)]
  if (had === undefined || has === undefined || !valid(had) || !valid(has) || !lt(has, had)) return undefined
  const judgement = { expected: `${expected}: ${had} or later`, actual: `NIXL ${has}` }
  if (!isSameRelease(leg.nixl, has) && !lt(leg.nixl, had))
    return follows(name, judgement, 'nixl-variant', `NIXL is ${has} and not ${leg.nixl}`)
  return failed(
    name,
    judgement,
    `The base brings NIXL ${had}, with which ${leg.engine} ${leg.version.release} was released, and ${has} takes its place; choose nixl-version: ${had} or later, or ${waiverHint(name)} where the older one is known to work.`,
  )
}
