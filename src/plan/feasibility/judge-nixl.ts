import { explain, ge, lt } from '@renovatebot/pep440'
import { type Catalogue, wheelsIn, whyNoUcx } from './catalogue.ts'
import { engines } from '../engine.ts'
import { type Feasibility, impossible, meets, nameOf, possible, unknown, type Wanted } from './feasibility.ts'
import type { KnownBase } from './known-base.ts'
import { isNixlKnown } from '../nixl/nixl-choice.ts'
import { isSameRelease, majorOf } from '../versions/version.ts'

/** NIXL versions with wheels for a base. `absent`: the reason why the index has nothing of NIXL. */
export type Offered = { versions: readonly string[]; absent?: string }

export function judgeNixl(
  wanted: Wanted,
  base: KnownBase,
  catalogue: Catalogue,
  offered: Offered | 'unknown',
): Feasibility {
  const { nixl, nixlFrom, platform } = wanted
  const name = nameOf(wanted)
  if (!isNixlKnown(wanted)) return unknown(`the NIXL of the base ${name} is not known`)
  const tooOld = floorObjection(wanted, base)
  if (tooOld !== undefined) return impossible(tooOld)
  if (nixlFrom === 'base') return possible
  const wheels = wheelsIn(catalogue, nixl)
  if (!wheels) return impossible(whyNoUcx(catalogue, nixl))
  const { python } = base
  const cuda = base.cuda === undefined ? undefined : majorOf(base.cuda)
  if (cuda === undefined && base.source === 'measured')
    return impossible(`NIXL needs a torch for CUDA, and the base ${name} has none`)
  const noWheel = (what: string) =>
    impossible(`NIXL ${nixl} has no wheel for ${what}, which the base ${name} has`)
  if (offered !== 'unknown' && python !== undefined && cuda !== undefined) {
    if (offered.versions.some((version) => isSameRelease(nixl, version))) return possible
    // An index does not lack a variant that NIXL never had for this CUDA.
    if (offered.absent !== undefined && wheels.cuda.includes(cuda)) return impossible(offered.absent)
    return noWheel(`Python ${python} with CUDA ${cuda} on ${platform}`)
  }
  if (python !== undefined && !meets(python, wheels.python)) return noWheel(`Python ${python}`)
  if (cuda !== undefined && !wheels.cuda.includes(cuda)) return noWheel(`CUDA ${cuda}`)
  if (python !== undefined && cuda !== undefined) return possible
  return unknown(`the ${python === undefined ? 'Python' : 'CUDA'} of the base ${name} is not known`)
}

/** The engine raises an error with an older NIXL as soon as its connector is used. */
function floorObjection(
  { engine, version, nixl }: Wanted,
  { nixl: shipped, nixlFloor: floor }: KnownBase,
): string | undefined {
  if (floor === undefined || !explain(nixl) || !lt(nixl, floor)) return undefined
  const fits = shipped != null && explain(shipped) && ge(shipped, floor)
  const advice = fits ? `base (which ships ${shipped}), ${floor} or later` : `${floor} or later`
  return `${engines[engine].title} ${version.tag} refuses NIXL ${nixl}, because it needs ${floor} or later; set nixl-version: ${advice}, or force: true with allow-failed: engine-demands=<why>`
}
