import { lt, valid } from '@renovatebot/pep440'
import { firstWithAllVariants, firstWithVariants, isSameRelease, type Leg, majorOf } from '../plan/index.ts'
import { listed } from '../text.ts'
import type { BaseFacts, LegFacts } from './facts.ts'
import { about, type Gate, reportHint } from './gate.ts'

const name = 'nixl-variant'

/** Whether a distribution is NIXL's: `nixl`, `nixl-cu13` */
export function isNixl(distribution: string): boolean {
  return /^nixl(?:-cu\d+)?$/.test(distribution)
}

/** @returns the variants that Python can import, also leftovers, as packages: `['nixl-cu13']` */
export function nixlVariants({ nixl }: Pick<BaseFacts, 'nixl'>): string[] {
  const installed = Object.keys(nixl.distributions).filter((name) => name.startsWith('nixl-cu'))
  const found = nixl.modules.map((module) => module.replace('_', '-'))
  return [...new Set([...installed, ...found])].sort()
}

function packagesText({ nixl }: BaseFacts): string {
  const packages = Object.entries(nixl.distributions).map(([name, version]) => `${name} ${version}`)
  const left = nixl.modules.filter((module) => !(module.replace('_', '-') in nixl.distributions))
  const all = [...packages, ...left.map((module) => `module ${module} without a package`)]
  return all.length === 0 ? 'no NIXL' : listed(all)
}

/** @returns the variant that `import nixl` uses, as a package name; undefined if it finds none */
export function importedVariant(facts: Pick<BaseFacts, 'nixl' | 'torch'>): string | undefined {
  const variants = nixlVariants(facts)
  const version = facts.nixl.distributions.nixl
  const chooses =
    variants.length > 1 && version !== undefined && valid(version) && !lt(version, firstWithAllVariants)
  return chooses ? variants.find((variant) => variant === variantOf(facts)) : variants.at(-1)
}

/** @returns the variant for torch's CUDA: `nixl-cu13` */
export function variantOf({ torch }: Pick<BaseFacts, 'torch'>): string {
  return `nixl-cu${torch?.cuda ? majorOf(torch.cuda) : '<CUDA major>'}`
}

/** @returns variants beside the imported one, which only the base's own NIXL may have */
export function otherVariants({ nixlFrom }: Pick<Leg, 'nixlFrom'>, image: BaseFacts): string[] {
  const imported = importedVariant(image)
  return nixlFrom === 'base' ? nixlVariants(image).filter((variant) => variant !== imported) : []
}

/** @returns what to append to a text about the imported variant, for those beside it */
export function othersNote(leg: Pick<Leg, 'nixlFrom'>, image: BaseFacts): string {
  const others = otherVariants(leg, image)
  return others.length === 0 ? '' : `; ${listed(others)} exists and is not imported`
}

/** The base's own NIXL is complete, and imports the variant for torch's CUDA. */
function judgeOfBase(leg: Leg, { base, image }: LegFacts): Gate {
  const wanted = lt(leg.nixl, firstWithVariants) ? undefined : variantOf(base)
  const imports = wanted === undefined ? '' : `, which imports ${wanted}`
  const gate = about(
    name,
    `nixl ${leg.nixl} as in the base${imports}`,
    packagesText(image) + othersNote(leg, image),
  )
  const { distributions, modules } = image.nixl
  const lost = Object.entries(base.nixl.distributions).find(
    ([one, version]) => distributions[one] !== version,
  )
  if (lost) return gate.fail(`The base had ${lost[0]} ${lost[1]}, and a build step changed that`, reportHint)
  const replace = "set nixl-version to a version, which replaces the base's NIXL"
  if (!('nixl' in distributions)) return gate.fail('The base has no package nixl', replace)
  const wrong = Object.entries(distributions).find(([, version]) => !isSameRelease(leg.nixl, version))
  if (wrong) return gate.fail(`${wrong[0]} of the base is ${wrong[1]}, the tag says ${leg.nixl}`, replace)
  const imported = importedVariant(image)
  if (wanted === undefined || (imported === wanted && modules.includes(wanted.replace('-', '_'))))
    return gate.pass()
  const what = imported === wanted ? 'no module' : (imported ?? 'nothing')
  return gate.fail(`The base's nixl imports ${what} where torch needs ${wanted}`, replace)
}

/**
 * Installed: exactly one variant, at the version in the tag, package and module. From the base:
 * everything that the base has. Its CUDA major is the business of `cuda-major`.
 */
export function judgeNixlVariant(leg: Leg, { base, image }: LegFacts): Gate {
  if (leg.nixlFrom === 'base') return judgeOfBase(leg, { base, image })
  const variant = variantOf(base)
  const isSplit = !lt(leg.nixl, firstWithVariants)
  const alone = isSplit ? ` with ${variant} ${leg.nixl}, no other variant` : ''
  const gate = about(name, `nixl ${leg.nixl}${alone}`, packagesText(image))
  const { distributions, modules } = image.nixl
  const variants = nixlVariants(image)
  const [found = variant] = variants
  if (Object.keys(distributions).length === 0 && variants.length === 0)
    return gate.fail('NIXL is not installed in the image', reportHint)
  if (variants.length > 1)
    return gate.fail(
      `Several variants are installed (${variants.join(', ')}), and which one nixl imports depends on its release`,
      reportHint,
    )
  const wrong = Object.entries(distributions).find(([, version]) => !isSameRelease(leg.nixl, version))
  if (wrong) return gate.fail(`${wrong[0]} is ${wrong[1]}, the tag says ${leg.nixl}`, reportHint)
  const absent = ['nixl', ...(isSplit ? [found] : [])].find((part) => !(part in distributions))
  if (absent !== undefined)
    return gate.fail(`The package ${absent} is not installed, and NIXL needs it`, reportHint)
  if (isSplit && modules.length === 0)
    return gate.fail(
      `The package ${found} is installed, but Python does not find its module, because an uninstall removed files that it shares`,
      reportHint,
    )
  return gate.pass()
}
