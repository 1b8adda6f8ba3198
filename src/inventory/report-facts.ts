import { UserError } from '../errors.ts'
import { type Digest, formatReference, isDigest, parseReference } from '../registry/index.ts'
import type { LegReport } from '../store/index.ts'
import { isBlocking } from '../verify/index.ts'
import type { ListedPlatform } from './inventory.ts'
import type { ReadBase, ReadPlatform } from './read-image.ts'
import { timeText } from './time.ts'

export type Packages = NonNullable<ListedPlatform['addedPackages']>

/** Most images share their added packages with others: @returns the first equal list */
export type SharePackages = (packages: Packages) => Packages

export function createSharePackages(): SharePackages {
  const known = new Map<string, Packages>()
  return (packages) => {
    const key = JSON.stringify(packages)
    const first = known.get(key) ?? packages
    known.set(key, first)
    return first
  }
}

/** @returns the platform with what its report adds to manifest and labels */
export function withReport(
  platform: ReadPlatform,
  report: LegReport,
  reportDigest: Digest | null,
  share: SharePackages,
): ReadPlatform {
  const { gates, sizes } = report
  const waived = gates.flatMap((gate) =>
    gate.state === 'waived' ? [{ gate: gate.name, reason: gate.reason }] : [],
  )
  return {
    ...platform,
    gates: {
      passed: gates.filter(({ state }) => state === 'pass').length,
      waived: waived.length,
      blocking: gates.filter(isBlocking).map(({ name }) => name),
    },
    why: null,
    waivers: waived,
    addedBytes: sizes?.added ?? null,
    addedPackages: share(packagesOf(report)),
    base: withTag(platform.base, report.base),
    report: reportDigest,
    built: endOf(report),
  }
}

/** @returns when the last step of its build ended */
function endOf({ steps }: LegReport): string | null {
  const end = Math.max(...steps.map(({ started, duration }) => started + duration))
  return timeText(end)
}

/** Packages that the base lacks, and those of the base that were replaced by another version */
function packagesOf({ added, replaced }: LegReport): Packages {
  const list = (from: 'pip' | 'dpkg', packages: Record<string, string>) =>
    Object.entries(packages).map(([name, version]) => ({ from, name, version }))
  const newer = replaced.flatMap(({ name, after }) => (after === null ? [] : [[name, after] as const]))
  return [...list('pip', { ...added.pip, ...Object.fromEntries(newer) }), ...list('dpkg', added.dpkg)]
}

/** A report names the base by its tag, in the registry from which the run took it. */
function withTag(base: ReadBase | null, { name, digest }: LegReport['base']): ReadBase | null {
  if (base === null) return null
  try {
    const { tag, ...repository } = parseReference(name)
    if (tag === undefined) return base
    const top = isDigest(digest) ? digest : null
    return { ...base, name: formatReference({ ...repository, tag }), tag, top }
  } catch (error) {
    if (error instanceof UserError) return base
    throw error
  }
}
