import { lt } from '@renovatebot/pep440'
import type { Leg } from '../plan/plan.ts'
import { isSameRelease } from '../plan/version.ts'
import type { BaseFacts, LegFacts } from './facts.ts'
import { failed, type Gate, listed, passed, reportHint } from './gate.ts'

/** From this release on `nixl` is a thin package and `nixl-cu<major>` holds the binaries (its pyproject.toml). */
const firstWithVariants = '0.7.1'

/** @returns the variants that Python could import, installed or left over, as package names: `['nixl-cu13']` */
export function nixlVariants({ nixl }: BaseFacts): string[] {
  const installed = Object.keys(nixl.distributions).filter((name) => name.startsWith('nixl-cu'))
  const found = nixl.modules.map((module) => module.replace('_', '-'))
  return [...new Set([...installed, ...found])].sort()
}

function describe({ nixl }: BaseFacts): string {
  const packages = Object.entries(nixl.distributions).map(([name, version]) => `${name} ${version}`)
  const left = nixl.modules.filter((module) => !(module.replace('_', '-') in nixl.distributions))
  return listed([...packages, ...left.map((module) => `module ${module} without a package`)]).replace(
    'none',
    'no NIXL',
  )
}

/**
 * Exactly one variant, at the version that the tag names, package and module together. Which CUDA major it is of
 * is judged by `cuda-major`.
 */
export function judgeNixlVariant(leg: Leg, { base, image }: LegFacts): Gate {
  const name = 'nixl-variant'
  const cuda = base.torch?.cuda?.split('.')[0] ?? '<CUDA major>'
  const split = !lt(leg.nixl, firstWithVariants)
  const judgement = {
    expected: `nixl ${leg.nixl}${split ? ` with nixl-cu${cuda} ${leg.nixl}, no other variant` : ''}`,
    actual: describe(image),
  }
  const { distributions, modules } = image.nixl
  const variants = nixlVariants(image)
  if (Object.keys(distributions).length === 0 && variants.length === 0)
    return failed(name, judgement, `NIXL is not installed in the image; ${reportHint}.`)
  if (variants.length > 1)
    return failed(
      name,
      judgement,
      `Several variants are installed (${variants.join(', ')}), and which one nixl imports depends on its release; ${reportHint}.`,
    )
  const wrong = Object.entries(distributions).find(([, version]) => !isSameRelease(leg.nixl, version))
  if (wrong)
    return failed(name, judgement, `${wrong[0]} is ${wrong[1]}, the tag says ${leg.nixl}; ${reportHint}.`)
  const absent = ['nixl', ...(split ? [variants[0] ?? `nixl-cu${cuda}`] : [])].find(
    (part) => !(part in distributions),
  )
  if (absent !== undefined)
    return failed(
      name,
      judgement,
      `The package ${absent} is not installed, and NIXL needs it; ${reportHint}.`,
    )
  if (split && modules.length === 0)
    return failed(
      name,
      judgement,
      `The package ${variants[0] ?? ''} is installed but Python does not find its module; an uninstall removed files that it shares: ${reportHint}.`,
    )
  return passed(name, judgement)
}
