import { humanBytes } from '../../../text.ts'
import type { PagePlatform } from '../data.ts'
import { baseStates } from './standing.ts'
import { versionText } from './version.ts'

/** Something measured or recorded about an image on one platform */
export type Fact = {
  group: 'Components' | 'Environment' | 'Checks' | 'Size, compressed' | 'Base' | 'Identity'
  name: string
  /** Several lines where there are several values */
  value: string
  /** Text for the clipboard: digests and names */
  copied?: string
}

const componentTitles: Readonly<Record<string, string>> = {
  engine: 'Engine',
  torch: 'Torch',
  cuda: 'CUDA',
  python: 'Python',
  aibrix: 'AIBrix',
  nixl: 'NIXL',
  ucx: 'UCX',
}

/** @returns the facts in the order in which they are shown */
export function factsOf(platform: PagePlatform): Fact[] {
  return [
    ...Object.entries(platform.components).map(([name, version]): Fact => {
      const title = Object.hasOwn(componentTitles, name) ? componentTitles[name] : undefined
      return { group: 'Components', name: title ?? name, value: versionText(name, version) }
    }),
    ...environmentOf(platform),
    ...checksOf(platform),
    ...sizesOf(platform),
    ...baseOf(platform),
    { group: 'Identity', name: 'Digest', value: platform.digest, copied: platform.digest },
    ...(platform.buildId === null
      ? []
      : [{ group: 'Identity', name: 'Build id', value: platform.buildId } as const]),
  ]
}

function environmentOf({ environment }: PagePlatform): Fact[] {
  return Object.entries(environment).map(([name, value]) => ({ group: 'Environment', name, value }))
}

function checksOf({ gates, why, waivers, conditions }: PagePlatform): Fact[] {
  const group = 'Checks'
  const blocking = gates?.blocking ?? []
  const counts = gates ? `${gates.passed} passed, ${gates.waived} waived` : (why ?? 'No report')
  return [
    { group, name: 'Gates', value: counts },
    ...(blocking.length > 0 ? [{ group, name: 'Blocking', value: blocking.join('\n') } as const] : []),
    ...waivers.map(({ gate, reason }): Fact => ({ group, name: `Waived: ${gate}`, value: reason })),
    { group, name: 'Conditions', value: conditions.join('\n') || 'none' },
  ]
}

function sizesOf({ addedBytes, totalBytes, largestLayerBytes }: PagePlatform): Fact[] {
  const group = 'Size, compressed'
  return [
    { group, name: 'Added', value: addedBytes === null ? 'unknown' : humanBytes(addedBytes) },
    { group, name: 'Total', value: humanBytes(totalBytes) },
    { group, name: 'Largest layer', value: humanBytes(largestLayerBytes) },
  ]
}

function baseOf({ base, minimumDriver }: PagePlatform): Fact[] {
  const group = 'Base'
  const driver: Fact = { group, name: 'Minimum driver', value: minimumDriver ?? 'unknown' }
  if (base === null) return [{ group, name: 'Image', value: 'unknown' }, driver]
  return [
    { group, name: 'Image', value: base.name, copied: base.name },
    { group, name: 'Base digest', value: base.digest, copied: base.digest },
    { group, name: 'State', value: baseStates[base.state].title },
    driver,
  ]
}
