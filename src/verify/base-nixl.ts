import { gt, lt, valid } from '@renovatebot/pep440'
import { firstWithVariants, isSameRelease } from '../plan/index.ts'
import type { BaseFacts } from './facts.ts'
import { importedVariant, variantOf } from './nixl.ts'

/** What a base brings, see `KnownBase`. */
export type BaseNixl = { nixl: string | null; brokenNixl?: string; ucx?: string; nixlFloor?: string }

/** @returns the NIXL that could stay in an image as the base has it, and what the engine asks of one */
export function baseNixl(base: BaseFacts, engine: string): BaseNixl {
  const nixlFloor = floorOf(base, engine)
  const { distributions, modules } = base.nixl
  const floor = nixlFloor !== undefined && { nixlFloor }
  if (Object.keys(distributions).length === 0 && modules.length === 0) return { nixl: null, ...floor }
  const version = distributions.nixl
  const broken = version === undefined ? 'it has no package nixl' : problemOf(base, version)
  if (version === undefined || broken !== undefined)
    return { nixl: null, ...(broken !== undefined && { brokenNixl: broken }), ...floor }
  const ucx = base.bundledUcx?.version ?? undefined
  return { nixl: version, ...(ucx !== undefined && { ucx }), ...floor }
}

/** @returns why the NIXL of a base does not work, a sentence without its end */
function problemOf(base: BaseFacts, version: string): string | undefined {
  const { distributions } = base.nixl
  if (!valid(version)) return `its nixl calls itself ${version}, which is no version`
  const other = Object.entries(distributions).find(([, one]) => !isSameRelease(version, one))
  if (other) return `its nixl is ${version}, and its ${other[0]} is ${other[1]}`
  if (lt(version, firstWithVariants)) return undefined
  const [imported, wanted] = [importedVariant(base), variantOf(base)]
  if (imported === wanted)
    return wanted in distributions
      ? undefined
      : `its nixl ${version} imports ${wanted}, of which no package is installed`
  return `its nixl ${version} takes ${imported ?? 'no variant'}, and torch is for CUDA ${base.torch?.cuda ?? 'none'}`
}

/** @returns the least NIXL with which the engine starts: what its source calls, not what it compares with somewhere */
function floorOf({ demands }: BaseFacts, engine: string): string | undefined {
  const floors = (demands?.[engine]?.floors ?? []).filter(
    ({ distribution, form, bound, version }) =>
      /^nixl(?:-cu\d+)?$/.test(distribution) && form === 'call' && bound === '>=' && valid(version),
  )
  return floors
    .map(({ version }) => version)
    .reduce<string | undefined>((most, one) => (most === undefined || gt(one, most) ? one : most), undefined)
}
