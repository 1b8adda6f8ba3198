import { type Claim, claimsOf, type Leg } from '../plan/index.ts'
import { isForPlatform, parsePlatform } from '../registry/index.ts'
import type { BaseFacts } from './facts.ts'
import type { GateName } from './gate.ts'

/**
 * Whether a claim holds: `found` is what is there instead, `reason` why it is not known. `from` is
 * the gate that fails for that reason.
 */
type Result =
  { holds: 'yes' } | { holds: 'no'; found: string } | { holds: 'unknown'; reason: string; from?: GateName }

type CheckedClaim = { claim: Claim } & Result

const yes: Result = { holds: 'yes' }
const no = (found: string): Result => ({ holds: 'no', found })
const unknown = (reason: string, from?: GateName): Result => ({
  holds: 'unknown',
  reason,
  ...(from && { from }),
})

/** Compares what a base's tag claims (`-cu129`, `-aarch64`, `-ubuntu2404`) with the base. */
export function checkClaims(
  { base: { tag }, platform }: Pick<Leg, 'base' | 'platform'>,
  base: BaseFacts,
): CheckedClaim[] {
  return claimsOf(tag).map((claim): CheckedClaim => {
    switch (claim.kind) {
      case 'CUDA':
        return { claim, ...checkCuda(claim.release, base.torch) }
      case 'architecture':
        return { claim, ...checkArchitecture(claim.architecture, platform, base.system.machine) }
      case 'distribution':
        return { claim, ...checkDistribution(claim, base.system.distribution) }
    }
  })
}

function checkCuda(release: string, torch: BaseFacts['torch']): Result {
  if (!torch) return unknown('it has no torch', 'torch-untouched')
  const { cuda } = torch
  if (cuda === null) return unknown('its torch is without CUDA', 'cuda-major')
  const [wanted, found] = [release.split('.'), cuda.split('.')]
  const differs = wanted.some((part, position) => position < found.length && part !== found[position])
  if (differs) return no(`torch for CUDA ${cuda}`)
  return found.length < wanted.length ? unknown(`its torch only says CUDA ${cuda}`) : yes
}

/** @param machine `uname -m` in the image; an emulator reports the emulated machine */
function checkArchitecture(architecture: string, platform: string, machine: string): Result {
  const claimed = `linux/${architecture}`
  if (!isForPlatform(claimed, parsePlatform(platform))) return no(`an image for ${platform}`)
  const fits = machine === 'unknown' || isForPlatform(claimed, { os: 'linux', architecture: machine })
  return fits ? yes : no(`programs for ${machine}`)
}

/** @param system `ID VERSION_ID` of os-release, which may lack either: `ubuntu 24.04` */
function checkDistribution({ id, digits }: Claim & { kind: 'distribution' }, system: string): Result {
  const [found = '', version] = system.split(' ')
  // Without an ID the first word is the version.
  if (found === 'unknown' || !/^[a-z]/i.test(found))
    return unknown('it has no os-release that names its distribution')
  if (found !== id) return no(system)
  if (version === undefined) return unknown(`its os-release says ${found} without a VERSION_ID`)
  const parts = version.split('.')
  // `ubuntu24` and `ubuntu2404` are both 24.04
  if (parts.some((_, position) => parts.slice(0, position + 1).join('') === digits)) return yes
  return digits.startsWith(parts.join('')) ? unknown(`its os-release only says ${system}`) : no(system)
}

/** @returns what a claim means: `CUDA 12.9 (cu129)` */
export function claimText(claim: Claim): string {
  switch (claim.kind) {
    case 'CUDA':
      return `CUDA ${claim.release} (${claim.part})`
    case 'architecture':
      return `${claim.architecture} (${claim.part})`
    case 'distribution':
      return claim.part
  }
}
