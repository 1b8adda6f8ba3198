import { type Change, engines, type PlannedImage } from '../../plan/index.ts'
import { listed } from '../../text.ts'

/** What a determinant of the build id is called, where it is shown as it is. */
const names: Record<string, string> = {
  engine: 'engine',
  nixl: 'NIXL',
  ucxVersion: 'UCX',
  integration: 'integration',
  gpuArchitectures: 'GPU architectures',
  platform: 'platform',
}

/** What changes with another determinant is not worth a word of its own. */
const follows: Record<string, string> = {
  base: 'engineVersion',
  ucxCommit: 'ucxVersion',
  aibrixCommit: 'aibrixTag',
}

/** Enough of a commit or a digest to tell two apart. */
function short(text: string | null): string {
  if (text === null) return 'none'
  if (/^(?:sha256:)?[0-9a-f]{40,64}$/.test(text)) return text.replace(/^(sha256:)?(.{12}).*$/, '$1$2…')
  return text === '' ? '""' : text
}

function words(change: Change, { engine, version }: PlannedImage, all: readonly Change[]): string {
  const { title } = engines[engine]
  const { what } = change
  const value = (side: 'from' | 'to'): string => short(change[side])
  const fromTo = `${value('from')} → ${value('to')}`
  if (what === 'engineVersion') return `${title} ${fromTo}`
  if (what === 'base') return `base of ${title} ${version.tag} changed ${fromTo}`
  if (what === 'recipe') return `Dockerfile and scripts changed ${fromTo}`
  if (what === 'aibrixTag') {
    // A branch or a commit has no tag, and is known by its commit.
    const commit = all.find((other) => other.what === 'aibrixCommit')
    const side = (of: 'from' | 'to'): string => short(change[of] ?? commit?.[of] ?? null)
    return `AIBrix ${side('from')} → ${side('to')}`
  }
  if (what === 'aibrixCommit') return `commit of AIBrix ${fromTo}`
  if (what === 'ucxCommit') return `commit of UCX ${fromTo}`
  if (what === 'nixlFrom')
    return change.to === null ? "NIXL installed in place of the base's" : 'NIXL of the base'
  const argument = /^buildArguments\.(.*)$/.exec(what)?.[1]
  if (argument !== undefined) return `build argument ${argument} ${fromTo}`
  const variable = /^environment\.(.*)$/.exec(what)?.[1]
  if (variable !== undefined) return `variable ${variable} ${fromTo}`
  return `${names[what] ?? what} ${fromTo}`
}

/** In which order changes are told: what a user chose first. */
const order = ['engineVersion', 'aibrixTag', 'aibrixCommit', 'nixl', 'ucxVersion', 'ucxCommit', 'base']

function rank({ what }: Change): number {
  const index = order.indexOf(what)
  return index === -1 ? order.length : index
}

function changesInWords(image: PlannedImage, changes: readonly Change[]): string {
  const told = changes
    .filter(({ what }) => !changes.some((other) => other.what === follows[what]))
    .toSorted((left, right) => rank(left) - rank(right))
    .map((change) => {
      const some = change.platforms.length < image.legs.length ? ` (${listed(change.platforms)})` : ''
      return words(change, image, changes) + some
    })
  return told.length === 0 ? 'nothing that is known' : listed(told, 6)
}

/** @returns why an image is built or not, as plain text that may hold foreign text: `NIXL 0.7.1 → 0.8.0, since v0.10.2-…` */
export function causeInWords(image: PlannedImage): string {
  const { cause } = image
  switch (cause.kind) {
    case 'unchanged':
      return `unchanged since ${cause.tag}`
    case 'first':
      return 'nothing is published yet'
    case 'new-version':
      return `the first image of ${engines[image.engine].title} ${image.version.tag}`
    case 'new-tags':
      return 'nothing is published yet under a tag like this'
    case 'forced':
      return 'forced'
    case 'unpushed':
      return 'nothing is pushed, so nothing that exists counts'
    case 'unmeasured':
      return 'nobody has measured yet which NIXL its base brings'
    case 'unverified':
      return `nothing says how ${cause.tag} was judged`
    case 'aged':
      return `made on ${cause.made.slice(0, 10)}, longer ago than max-age ${cause.limit}`
    case 'changed':
      return `${changesInWords(image, cause.changes)}, since ${cause.since}`
    case 'unknown':
      return `something changed since ${cause.since}, which does not say of what it was made`
  }
}
