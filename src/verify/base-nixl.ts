import { gt, lt, valid } from '@renovatebot/pep440'
import { firstWithVariants, isSameRelease } from '../plan/index.ts'
import type { BaseFacts } from './facts.ts'
import { importedVariant, isNixl, variantOf } from './nixl.ts'

/** What a base ships, see `KnownBase`. */
type BaseNixl = { nixl: string | null; brokenNixl?: string; ucx?: string; nixlFloor?: string }

/** @returns the base's NIXL if an image could keep it, and the least one that the engine accepts */
export function baseNixl(base: BaseFacts, engine: string): BaseNixl {
  const nixlFloor = floorOf(base, engine)
  const { distributions, modules } = base.nixl
  const floor = nixlFloor !== undefined && { nixlFloor }
  if (Object.keys(distributions).length === 0 && modules.length === 0) return { nixl: null, ...floor }
  const version = distributions.nixl
  if (version === undefined) return { nixl: null, brokenNixl: 'it has no package nixl', ...floor }
  const brokenNixl = faultOf(base, version)
  if (brokenNixl !== undefined) return { nixl: null, brokenNixl, ...floor }
  const ucx = base.bundledUcx?.version ?? undefined
  return { nixl: version, ...(ucx !== undefined && { ucx }), ...floor }
}

/** @returns why the base's NIXL does not work */
function faultOf(base: BaseFacts, version: string): string | undefined {
  const { distributions } = base.nixl
  if (!valid(version)) return `its nixl calls itself ${version}, which is no version`
  const other = Object.entries(distributions).find(([, one]) => !isSameRelease(version, one))
  if (other) return `its nixl is ${version}, and its ${other[0]} is ${other[1]}`
  if (lt(version, firstWithVariants)) return undefined
  const [imported, wanted] = [importedVariant(base), variantOf(base)]
  if (imported !== wanted)
    return `its nixl ${version} imports ${imported ?? 'no variant'}, and torch is for CUDA ${base.torch?.cuda ?? 'none'}`
  return wanted in distributions
    ? undefined
    : `its nixl ${version} imports ${wanted}, whose package is not installed`
}

/** @returns the least NIXL with which the engine starts: its calls count, its comparisons do not */
function floorOf({ demands }: BaseFacts, engine: string): string | undefined {
  const floors = (demands?.[engine]?.floors ?? []).filter(
    ({ distribution, form, bound, version }) =>
      isNixl(distribution) && form === 'call' && bound === '>=' && valid(version),
  )
  return floors
    .map(({ version }) => version)
    .reduce<string | undefined>((most, one) => (most === undefined || gt(one, most) ? one : most), undefined)
}
