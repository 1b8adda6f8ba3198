import { type Change, engines, type PlannedImage } from '../../plan/index.ts'
import { listed } from '../../text.ts'
import { type Part, section } from '../fit.ts'
import { bullets, escaped } from '../markdown.ts'
import type { Run } from '../outcome.ts'
import { boldTitles, type TitleOf } from '../titles.ts'

/** Names of the determinants whose values are shown as they are. */
const names: Record<string, string> = {
  aibrixCommit: 'AIBrix commit',
  ucxCommit: 'UCX commit',
  engine: 'engine',
  nixl: 'NIXL',
  ucxVersion: 'UCX',
  integration: 'integration',
  gpuArchitectures: 'GPU architectures',
  platform: 'platform',
  baseRepository: 'repository of the base',
  extraFiles: 'extra-files',
  recipe: 'Dockerfile and scripts changed',
}

/** Names of the determinants that are records: `environment.NAME`. */
const kinds: Record<string, string> = {
  buildArguments: 'build argument',
  environment: 'variable',
  extraPackages: 'extra package',
}

/** Determinants that change with another one, which is shown instead. */
const consequences: Record<string, string> = {
  base: 'engineVersion',
  ucxCommit: 'ucxVersion',
  aibrixCommit: 'aibrixTag',
}

/** Shortens a commit or a digest. */
function short(text: string | null): string {
  if (text === null) return 'none'
  if (/^(?:sha256:)?[0-9a-f]{40,64}$/.test(text)) return text.replace(/^(sha256:)?(.{12}).*$/, '$1$2…')
  return text === '' ? '""' : text
}

function changeText(change: Change, { engine, version }: PlannedImage, all: readonly Change[]): string {
  const engineTitle = engines[engine].title
  const { what } = change
  if (what === 'nixlFrom')
    return change.to === null ? "NIXL installed in place of the base's" : 'NIXL of the base'
  // A branch or a commit has no tag, and is shown by its commit.
  const commit = what === 'aibrixTag' ? all.find((other) => other.what === 'aibrixCommit') : undefined
  const side = (of: 'from' | 'to'): string => short(change[of] ?? commit?.[of] ?? null)
  const fromTo = `${side('from')} → ${side('to')}`
  if (what === 'engineVersion') return `${engineTitle} ${fromTo}`
  if (what === 'base') return `base of ${engineTitle} ${version.tag} changed ${fromTo}`
  if (what === 'aibrixTag') return `AIBrix ${fromTo}`
  const [, kind = '', name = ''] = /^(\w+)\.(.*)$/.exec(what) ?? []
  const title = kinds[kind]
  if (title !== undefined) return `${title} ${name} ${fromTo}`
  return `${names[what] ?? what} ${fromTo}`
}

/** The order of changes: first what a user chose. */
const order = ['engineVersion', 'aibrixTag', 'aibrixCommit', 'nixl', 'ucxVersion', 'ucxCommit', 'base']

function rank({ what }: Change): number {
  const index = order.indexOf(what)
  return index === -1 ? order.length : index
}

function changesText(image: PlannedImage, changes: readonly Change[]): string {
  const shown = changes
    .filter(({ what }) => !changes.some((other) => other.what === consequences[what]))
    .toSorted((left, right) => rank(left) - rank(right))
    .map((change) => {
      const some = change.platforms.length < image.legs.length ? ` (${listed(change.platforms)})` : ''
      return changeText(change, image, changes) + some
    })
  return shown.length === 0 ? 'no known change' : listed(shown, 6)
}

/** @returns why an image is built or not, foreign text: `NIXL 0.7.1 → 0.8.0, since v0.10.2-…` */
export function causeText(image: PlannedImage): string {
  const { cause } = image
  switch (cause.kind) {
    case 'unchanged':
      return `unchanged since ${cause.tag}`
    case 'first':
      return 'nothing is published yet'
    case 'new-version':
      return `the first image of ${engines[image.engine].title} ${image.version.tag}`
    case 'new-tags':
      return 'no tag like this is published yet'
    case 'forced':
      return 'forced'
    case 'unpushed':
      return 'nothing is pushed, so existing images do not count'
    case 'unmeasured':
      return 'the NIXL of its base has not been measured yet'
    case 'unverified':
      return `no report says how ${cause.tag} was verified`
    case 'aged':
      return `built on ${cause.made.slice(0, 10)}, longer ago than max-age ${cause.limit}`
    case 'changed':
      return `${changesText(image, cause.changes)}, since ${cause.since}`
    case 'unknown':
      return `something changed since ${cause.since}, which does not record what it was built from`
  }
}

/** Why images were built, grouped by cause. Empty if the run failed. */
export function causePart({ outcomes, error }: Run, titleOf: TitleOf): Part[] {
  const hasFailed = outcomes.some(({ state }) => state === 'failed' || state === 'skipped')
  // An image that this run found published is not built, whatever the plan said.
  const built = outcomes.filter(
    ({ state, image }) => state !== 'unchanged' && image.cause.kind !== 'unchanged',
  )
  if (hasFailed || error !== undefined || built.length === 0) return []
  const lines = [...Map.groupBy(built, ({ image }) => causeText(image))].map(
    ([cause, group]) => `${boldTitles(group.map(({ image }) => titleOf(image)))}: ${escaped(cause, 600)}`,
  )
  return section('### Why it was built', bullets(lines), lines.length, 'causes', built.length)
}
