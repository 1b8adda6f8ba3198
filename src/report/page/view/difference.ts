import type { AddedPackage, PageImage, PagePlatform } from '../data.ts'
import { factsOf } from './facts.ts'

/** A value that two images do not share; undefined: one of them does not have it */
export type Difference = { group: string; name: string; left: string | undefined; right: string | undefined }

/** Two images on one platform. `title` names both if they have none in common. */
export type Comparison = {
  title: string
  facts: readonly Difference[]
  /** null: one of them has no report */
  packages: readonly Difference[] | null
}

/**
 * @param packages what `addedPackages` names
 * @returns a comparison for each platform that both have; of the only ones, if each has another
 */
export function compareImages(
  left: PageImage,
  right: PageImage,
  packages: readonly AddedPackage[],
): Comparison[] {
  const shared = left.platforms.flatMap((one) => {
    const other = right.platforms.find(({ platform }) => platform === one.platform)
    return other === undefined ? [] : [comparePlatforms(one.platform, one, other, packages)]
  })
  const [one] = left.platforms
  const [other] = right.platforms
  if (shared.length > 0 || one === undefined || other === undefined) return shared
  return [comparePlatforms(`${one.platform} and ${other.platform}`, one, other, packages)]
}

function comparePlatforms(
  title: string,
  left: PagePlatform,
  right: PagePlatform,
  packages: readonly AddedPackage[],
): Comparison {
  const isListed = left.addedPackages !== null && right.addedPackages !== null
  return {
    title,
    facts: differences(compared(left), compared(right)),
    packages: isListed ? differences(packageFacts(left, packages), packageFacts(right, packages)) : null,
  }
}

type Named = { group: string; name: string; value: string }

/** Identities always differ. */
function compared(platform: PagePlatform): Named[] {
  return factsOf(platform).filter(({ group }) => group !== 'Identity')
}

function packageFacts({ addedPackages }: PagePlatform, packages: readonly AddedPackage[]): Named[] {
  const named = (addedPackages ?? []).flatMap((position) => packages[position] ?? [])
  return named
    .map(({ from, name, version }) => ({ group: from, name, value: version }))
    .sort((one, other) => (orderOf(one) < orderOf(other) ? -1 : 1))
}

function keyOf({ group, name }: Named): string {
  return JSON.stringify([group, name])
}

function orderOf({ group, name, value }: Named): string {
  return JSON.stringify([group, name, value])
}

function differences(left: readonly Named[], right: readonly Named[]): Difference[] {
  const [before, after] = [valuesByKey(left), valuesByKey(right)]
  const all = new Map([...left, ...right].map((fact) => [keyOf(fact), fact]))
  return [...all].flatMap(([key, { group, name }]) => {
    const [one, other] = [before.get(key), after.get(key)]
    return one === other ? [] : [{ group, name, left: one, right: other }]
  })
}

/** A package may be there in two versions. */
function valuesByKey(facts: readonly Named[]): Map<string, string> {
  const values = new Map<string, string>()
  for (const fact of facts) {
    const key = keyOf(fact)
    const before = values.get(key)
    values.set(key, before === undefined ? fact.value : `${before}\n${fact.value}`)
  }
  return values
}
