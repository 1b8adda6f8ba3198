import { type Claim, claimsOf, type Leg } from '../plan/index.ts'
import { isForPlatform, parsePlatform } from '../registry/index.ts'
import type { BaseFacts } from './facts.ts'
import type { GateName } from './gate.ts'

/**
 * What became of a claim: it holds, it does not (`found`), or that can't be told (`why`, a sentence without its end), `from` naming the
 * gate that fails for it.
 */
type Result = { is: 'true' } | { is: 'false'; found: string } | { is: 'untold'; why: string; from?: GateName }

export type Held = { claim: Claim } & Result

/** Holds what the tag of a base claims of its image (`-cu129`, `-aarch64`, `-ubuntu2404`) against what is in it. */
export function heldClaims(
  { base: { tag }, platform }: Pick<Leg, 'base' | 'platform'>,
  base: BaseFacts,
): Held[] {
  return claimsOf(tag).map((claim): Held => {
    switch (claim.kind) {
      case 'CUDA':
        return { claim, ...heldCuda(claim.release, base.torch) }
      case 'architecture':
        return { claim, ...heldArchitecture(claim.architecture, platform, base.system.machine) }
      case 'distribution':
        return { claim, ...heldDistribution(claim, base.system.distribution) }
    }
  })
}

function heldCuda(release: string, torch: BaseFacts['torch']): Result {
  if (!torch) return { is: 'untold', why: 'it has no torch', from: 'torch-untouched' }
  const { cuda } = torch
  if (cuda === null) return { is: 'untold', why: 'its torch is without CUDA', from: 'cuda-major' }
  const [wanted, found] = [release.split('.'), cuda.split('.')]
  const differs = wanted.some((part, position) => position < found.length && part !== found[position])
  if (differs) return { is: 'false', found: `torch for CUDA ${cuda}` }
  return found.length < wanted.length
    ? { is: 'untold', why: `its torch says no more of CUDA than ${cuda}` }
    : { is: 'true' }
}

/** @param machine `uname -m` in the image, which emulators answer for what they emulate */
function heldArchitecture(architecture: string, platform: string, machine: string): Result {
  if (!isForPlatform(`linux/${architecture}`, parsePlatform(platform)))
    return { is: 'false', found: `an image for ${platform}` }
  return machine === 'unknown' ||
    isForPlatform(`linux/${architecture}`, { os: 'linux', architecture: machine })
    ? { is: 'true' }
    : { is: 'false', found: `programs for ${machine}` }
}

/** @param system `ID VERSION_ID` of os-release, which may lack either: `ubuntu 24.04` */
function heldDistribution({ id, digits }: Claim & { kind: 'distribution' }, system: string): Result {
  const [found = '', version] = system.split(' ')
  // Without an ID the first word is the version.
  if (found === 'unknown' || !/^[a-z]/i.test(found))
    return { is: 'untold', why: 'it has no os-release that says which distribution it is' }
  if (found !== id) return { is: 'false', found: system }
  if (version === undefined) return { is: 'untold', why: `its os-release says ${found} without a VERSION_ID` }
  const parts = version.split('.')
  // `ubuntu24` and `ubuntu2404` are both 24.04
  if (parts.some((_, position) => parts.slice(0, position + 1).join('') === digits)) return { is: 'true' }
  return digits.startsWith(parts.join(''))
    ? { is: 'untold', why: `its os-release says no more than ${system}` }
    : { is: 'false', found: system }
}

/** @returns what a claim means: `CUDA 12.9 (cu129)` */
export function describeClaim(claim: Claim): string {
  switch (claim.kind) {
    case 'CUDA':
      return `CUDA ${claim.release} (${claim.part})`
    case 'architecture':
      return `${claim.architecture} (${claim.part})`
    case 'distribution':
      return claim.part
  }
}
