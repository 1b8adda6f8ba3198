import { UserError } from '../../errors.ts'
import { engines } from '../engine.ts'
import type { JudgeWorld } from '../feasibility/judge-leg.ts'
import type { KnownBases } from '../feasibility/known-base.ts'
import { chooseNixl, type NixlPair, testedNixl, unknownNixl } from './nixl-choice.ts'
import type { NixlOrigin } from '../plan.ts'
import type { PlanRequest } from '../request.ts'
import { NoMatch, type Selected, selectVersions } from '../versions/select.ts'

export type SelectedNixl = Selected & { from: NixlOrigin }

/** Selects NIXL versions that have wheels for the Python and CUDA of each base of an image. */
export async function selectNixl(
  { nixl }: PlanRequest,
  world: JudgeWorld,
  pair: Omit<NixlPair, 'name'>,
  known: () => Promise<KnownBases>,
): Promise<SelectedNixl[]> {
  const meanings = {
    default: await meaningOf('default', nixl, world, pair, known),
    base: await meaningOf('base', nixl, world, pair, known),
  }
  const selected = await selectVersions(nixl, {
    input: 'nixl-version',
    product: 'nixl',
    current: meanings.default.tag,
    base: meanings.base.tag,
    none: 'no wheel of NIXL is for all platforms of this base, choose other versions or platforms',
    releases: async () => offeredNixl(world, await known()),
  })
  return selected.map((one) => ({
    ...one,
    from: one.why === 'default' || one.why === 'base' ? meanings[one.why].from : 'index',
  }))
}

/** @throws NoMatch if there is no such NIXL; UserError if it is to be left out and not known yet */
async function meaningOf(
  word: 'default' | 'base',
  { include, exclude }: PlanRequest['nixl'],
  { catalogue }: JudgeWorld,
  pair: Omit<NixlPair, 'name'>,
  known: () => Promise<KnownBases>,
): Promise<{ tag: string; from: NixlOrigin }> {
  const unknown = { tag: unknownNixl, from: 'base' } as const
  const isAsked = ({ kind }: { kind: string }): boolean => kind === word
  if (![...include, ...exclude].some(isAsked)) return unknown
  // A tested pair needs no facts of its bases.
  const tested = word === 'default' ? testedNixl(pair, catalogue) : undefined
  if (tested !== undefined) return { tag: tested, from: 'tested' }
  const name = pair.given ?? `${engines[pair.engine].baseRepository}:${pair.version.tag}`
  const choice = chooseNixl(word, { ...pair, name }, await known(), catalogue)
  if (choice.kind === 'refused') throw new NoMatch(`nixl-version: ${choice.reason}.`)
  if (choice.kind === 'version') return { tag: choice.version, from: choice.from }
  if (exclude.some(isAsked))
    throw new UserError(
      `nixl-version: which NIXL "!${word}" leaves out is known only after the base ${name} was measured; leave it out by its version.`,
    )
  return unknown
}

/** @throws UserError if pip cannot list them; NoMatch if its index has nothing of NIXL */
async function offeredNixl({ nixl }: JudgeWorld, bases: KnownBases): Promise<readonly string[]> {
  const lists = await Promise.all(
    [...bases].map(async ([platform, base]) => {
      const answer = await nixl.versions(base, platform)
      if (answer.state === 'known') return answer
      const joint = answer.reason.includes('; ') ? ', or' : ';'
      throw new UserError(`nixl-version: ${answer.reason}${joint} give an exact version such as 0.7.1.`)
    }),
  )
  const all = (lists[0]?.versions ?? []).filter((version) =>
    lists.every(({ versions }) => versions.includes(version)),
  )
  const absent = lists.find((list) => list.absent !== undefined)?.absent
  if (all.length === 0 && absent !== undefined) throw new NoMatch(`nixl-version: ${absent}.`)
  return all
}
