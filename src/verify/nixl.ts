import { listed } from '../text.ts'
import { lt, valid } from '@renovatebot/pep440'
import { firstWithAllVariants, firstWithVariants, isSameRelease, type Leg } from '../plan/index.ts'
import type { BaseFacts, LegFacts } from './facts.ts'
import { failed, type Gate, type GateName, passed, reportHint } from './gate.ts'

const name: GateName = 'nixl-variant'

/** @returns the variants that Python could import, installed or left over, as package names: `['nixl-cu13']` */
export function nixlVariants({ nixl }: Pick<BaseFacts, 'nixl'>): string[] {
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

/** @returns the variant that `import nixl` takes, as a package name; undefined where it finds none */
export function importedVariant(facts: Pick<BaseFacts, 'nixl' | 'torch'>): string | undefined {
  const variants = nixlVariants(facts)
  const version = facts.nixl.distributions.nixl
  const picks =
    variants.length > 1 && version !== undefined && valid(version) && !lt(version, firstWithAllVariants)
  return picks ? variants.find((variant) => variant === variantOf(facts)) : variants.at(-1)
}

/** @returns the variant for torch's CUDA: `nixl-cu13` */
export function variantOf({ torch }: Pick<BaseFacts, 'torch'>): string {
  return `nixl-cu${torch?.cuda?.split('.')[0] ?? '<CUDA major>'}`
}

/** @returns the variants that are there beside the one that is imported, where they may be: the base's stay as they are */
export function otherVariants({ nixlFrom }: Pick<Leg, 'nixlFrom'>, image: BaseFacts): string[] {
  const imported = importedVariant(image)
  return nixlFrom === 'base' ? nixlVariants(image).filter((variant) => variant !== imported) : []
}

/** @returns what is said of the variants that are not imported, to be put behind what is said of the one that is */
export function shownBeside(leg: Pick<Leg, 'nixlFrom'>, image: BaseFacts): string {
  const others = otherVariants(leg, image)
  return others.length === 0 ? '' : `; ${listed(others)} is there and not imported`
}

/** The base's own NIXL, all of it, and the variant for torch's CUDA is the one that is imported. */
function judgeOfBase(leg: Leg, { base, image }: LegFacts): Gate {
  const wanted = lt(leg.nixl, firstWithVariants) ? undefined : variantOf(base)
  const imports = wanted === undefined ? '' : `, which imports ${wanted}`
  const judgement = {
    expected: `nixl ${leg.nixl} as the base has it${imports}`,
    actual: describe(image) + shownBeside(leg, image),
  }
  const lost = Object.entries(base.nixl.distributions).find(
    ([one, version]) => image.nixl.distributions[one] !== version,
  )
  if (lost)
    return failed(
      name,
      judgement,
      `The base had ${lost[0]} ${lost[1]}, and a build step changed that; ${reportHint}.`,
    )
  const { distributions } = image.nixl
  if (!('nixl' in distributions))
    return failed(name, judgement, 'The base has no package nixl; set nixl-version to a version.')
  const wrong = Object.entries(distributions).find(([, version]) => !isSameRelease(leg.nixl, version))
  if (wrong)
    return failed(
      name,
      judgement,
      `${wrong[0]} of the base is ${wrong[1]}, the tag says ${leg.nixl}; set nixl-version to a version, and the base's NIXL is replaced.`,
    )
  const imported = importedVariant(image)
  if (wanted !== undefined && (imported !== wanted || !image.nixl.modules.includes(wanted.replace('-', '_'))))
    return failed(
      name,
      judgement,
      `The base's nixl imports ${imported === wanted ? 'no module' : (imported ?? 'nothing')} where torch needs ${wanted}; set nixl-version to a version, and the base's NIXL is replaced.`,
    )
  return passed(name, judgement)
}

/**
 * Of a NIXL that is installed exactly one variant, at the version that the tag names, package and module together. Which CUDA major it is of
 * is judged by `cuda-major`. Of the base's, all that the base has.
 */
export function judgeNixlVariant(leg: Leg, { base, image }: LegFacts): Gate {
  if (leg.nixlFrom === 'base') return judgeOfBase(leg, { base, image })
  const variant = variantOf(base)
  const split = !lt(leg.nixl, firstWithVariants)
  const judgement = {
    expected: `nixl ${leg.nixl}${split ? ` with ${variant} ${leg.nixl}, no other variant` : ''}`,
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
  const absent = ['nixl', ...(split ? [variants[0] ?? variant] : [])].find((part) => !(part in distributions))
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
