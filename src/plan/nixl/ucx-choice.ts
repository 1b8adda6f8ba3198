import { type Catalogue, whyNoUcx } from '../feasibility/catalogue.ts'
import type { Combination, PlannedUcx } from '../combination.ts'
import { isNixlKnown } from './nixl-choice.ts'
import type { Ground } from './select-nixl.ts'
import type { Source } from '../source.ts'

/**
 * The UCX of a NIXL, and what its tools are built from: the tag of its release, else the commit that NIXL's own build files name. Where
 * neither is known an image has no UCX tools.
 * @returns a sentence without its end if nothing can be built: what should be in the repository is not, or NIXL is not known
 */
export async function ucxOf(
  choice: Pick<Combination, 'nixl' | 'nixlFrom'>,
  grounds: ReadonlyMap<string, Ground>,
  { catalogue, ucx }: { catalogue: Catalogue; ucx: Source },
): Promise<PlannedUcx | { reason: string }> {
  const { nixl, nixlFrom } = choice
  if (!isNixlKnown(choice)) return { version: null, source: null }
  const row = Object.hasOwn(catalogue.nixl, nixl) ? catalogue.nixl[nixl] : undefined
  const measured = nixlFrom === 'base' ? await measuredUcx(grounds) : undefined
  if (!row && nixlFrom !== 'base') return { reason: whyNoUcx(catalogue, nixl) }
  const version = measured ?? row?.ucx ?? null
  if (version === null) return { version, source: null }
  if (row?.ucx !== version) return { version, source: (await ucx.find(`v${version}`)) ?? null }
  if (row.note !== undefined) return { version, source: null }
  const ref = row.ucxCommit ?? `v${version}`
  const source = await ucx.find(ref)
  if (source) return { version, source }
  const what = row.ucxCommit === undefined ? `tag ${ref}` : `commit ${ref}`
  return {
    reason: `${ucx.address} has no ${what}, the UCX that NIXL ${nixl} bundles; look at ucx-repository, or choose another nixl-version`,
  }
}

/** @returns what all bases of an image answer that were measured */
async function measuredUcx(grounds: ReadonlyMap<string, Ground>): Promise<string | undefined> {
  const known = await Promise.all([...grounds.values()].map((ground) => ground.known()))
  const [first, ...more] = known.map(({ ucx }) => ucx)
  return more.every((one) => one === first) ? first : undefined
}
