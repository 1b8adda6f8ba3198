import type { BaseImage } from '../pinned.ts'
import type { NixlOrigin } from '../plan.ts'
import { UserError } from '../../errors.ts'
import type { Catalogue } from '../feasibility/catalogue.ts'
import { engines } from '../engine.ts'
import type { KnownBase } from '../feasibility/known-base.ts'
import { chooseNixl, type NixlPair, testedNixl, unknownNixl } from './nixl-choice.ts'
import type { NixlIndex } from './nixl-index.ts'
import type { PlanRequest } from '../request.ts'
import { NoMatch, type Selected, selectVersions } from '../versions/select.ts'

/** A platform's base, and what is known of it, which is found out once somebody asks. */
export type Ground = { base: BaseImage; known: () => Promise<KnownBase> }

export type SelectedNixl = Selected & { from: NixlOrigin }

type NixlWorld = { catalogue: Catalogue; nixl: NixlIndex }

type Pair = Omit<NixlPair, 'name'>

/** Which NIXL there is depends on the base's Python and CUDA, and an image needs it on each of its platforms. */
export async function selectNixl(
  request: PlanRequest,
  world: NixlWorld,
  grounds: ReadonlyMap<string, Ground>,
  pair: Pair,
): Promise<SelectedNixl[]> {
  const means = {
    default: await meaningOf('default', request.nixl, world, grounds, pair),
    base: await meaningOf('base', request.nixl, world, grounds, pair),
  }
  const selected = await selectVersions(request.nixl, {
    input: 'nixl-version',
    product: 'nixl',
    current: means.default.tag,
    base: means.base.tag,
    none: 'no wheel of NIXL is for all platforms of this base, choose other versions or platforms',
    releases: () => offeredNixl(world, grounds),
  })
  return selected.map((one) => ({
    ...one,
    from: one.why === 'default' || one.why === 'base' ? means[one.why].from : 'index',
  }))
}

/** @throws NoMatch if there is no such NIXL; UserError if it is to be left out, and not known */
async function meaningOf(
  wish: 'default' | 'base',
  { include, exclude }: PlanRequest['nixl'],
  { catalogue }: NixlWorld,
  grounds: ReadonlyMap<string, Ground>,
  pair: Pair,
): Promise<{ tag: string; from: NixlOrigin }> {
  const isAsked = ({ kind }: { kind: string }): boolean => kind === wish
  if (![...include, ...exclude].some(isAsked)) return { tag: unknownNixl, from: 'base' }
  // Nothing has to be known of the bases of what was tested.
  const tested = wish === 'default' ? testedNixl(pair, catalogue) : undefined
  if (tested !== undefined) return { tag: tested, from: 'tested' }
  const known = [...grounds].map(async ([platform, one]) => [platform, await one.known()] as const)
  const name = `${engines[pair.engine].baseRepository}:${pair.version.tag}`
  const choice = chooseNixl(wish, { ...pair, name }, new Map(await Promise.all(known)), catalogue)
  if (choice.kind === 'refused') throw new NoMatch(`nixl-version: ${choice.reason}.`)
  if (choice.kind === 'version') return { tag: choice.version, from: choice.from }
  if (exclude.some(isAsked))
    throw new UserError(
      `nixl-version: which NIXL "!${wish}" leaves out is known once the base ${name} was measured; leave it out by its version.`,
    )
  return { tag: unknownNixl, from: 'base' }
}

/** @throws UserError if pip can't say; NoMatch if its index has nothing of NIXL */
async function offeredNixl(
  { nixl }: NixlWorld,
  grounds: ReadonlyMap<string, Ground>,
): Promise<readonly string[]> {
  const lists = await Promise.all(
    [...grounds].map(async ([platform, { known }]) => {
      const answer = await nixl.versions(await known(), platform)
      if (answer.state === 'no-pip')
        throw new UserError(
          `nixl-version: ${answer.reason}${answer.reason.includes('; ') ? ', or' : ';'} give an exact version such as 0.7.1.`,
        )
      return answer
    }),
  )
  const all = (lists[0]?.versions ?? []).filter((version) =>
    lists.every(({ versions }) => versions.includes(version)),
  )
  const absent = lists.find((list) => list.absent !== undefined)?.absent
  if (all.length === 0 && absent !== undefined) throw new NoMatch(`nixl-version: ${absent}.`)
  return all
}
