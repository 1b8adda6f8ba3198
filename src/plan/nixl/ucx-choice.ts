import { type Catalogue, wheelsIn, whyNoUcx } from '../feasibility/catalogue.ts'
import type { Combination, PlannedUcx } from '../combination.ts'
import type { KnownBases } from '../feasibility/known-base.ts'
import type { GitRepository } from '../git-repository.ts'
import { isNixlKnown } from './nixl-choice.ts'

/**
 * Finds the UCX of a NIXL, and what its tools are built from: the tag of its release, or the commit
 * that NIXL's own build files name. If neither is known, an image has no UCX tools.
 * @returns `unbuildable` with a reason if the repository lacks the source or NIXL is unknown
 */
export async function ucxOf(
  choice: Pick<Combination, 'nixl' | 'nixlFrom'>,
  known: () => Promise<KnownBases>,
  { catalogue, ucx }: { catalogue: Catalogue; ucx: GitRepository },
): Promise<PlannedUcx | { unbuildable: string }> {
  const { nixl, nixlFrom } = choice
  if (!isNixlKnown(choice)) return { version: null, source: null }
  const row = wheelsIn(catalogue, nixl)
  if (!row && nixlFrom !== 'base') return { unbuildable: whyNoUcx(catalogue, nixl) }
  const measured =
    nixlFrom === 'base' ? common([...(await known()).values()].map((base) => base.ucx)) : undefined
  const version = measured ?? row?.ucx ?? null
  if (version === null) return { version, source: null }
  if (row?.ucx !== version) return { version, source: (await ucx.find(`v${version}`)) ?? null }
  if (row.note !== undefined) return { version, source: null }
  const ref = row.ucxCommit ?? `v${version}`
  const source = await ucx.find(ref)
  if (source) return { version, source }
  const what = row.ucxCommit === undefined ? `tag ${ref}` : `commit ${ref}`
  return {
    unbuildable: `${ucx.address} has no ${what}, the UCX that NIXL ${nixl} bundles; check ucx-repository, or choose another nixl-version`,
  }
}

/** @returns the value that all have; undefined if they differ */
function common<T>([first, ...more]: readonly (T | undefined)[]): T | undefined {
  return more.every((one) => one === first) ? first : undefined
}
