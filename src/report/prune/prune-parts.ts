import { type KeptBecause, keptBecause, type PrunedKind, storedKinds } from '../../prune/index.ts'
import { familiarRepository, parseRepository } from '../../registry/index.ts'
import { humanBytes } from '../../text.ts'
import { many, type Part } from '../fit.ts'
import { code, counted, escaped, folded, none, shortDigest, table, wrappingTable } from '../markdown.ts'
import { bytesOf, type Pruned, type PrunedRepository, type PruneFate, type PruneRun } from './prune-run.ts'

/** Digests that get a row, and tags of one that are shown */
const mostRows = 200
const mostTags = 3

const reasons: Record<KeptBecause, string> = {
  foreign: 'not of this action',
  unselected: 'of an engine that is not selected',
  public: 'published',
  young: 'young or without a date',
  newest: 'among the newest',
  referred: 'signed or attested',
  needed: 'needed by what stays',
}

const own: Record<PrunedKind, string> = {
  build: 'verified builds',
  report: 'their reports',
  verified: 'verifications of images',
  candidate: 'candidates',
  facts: 'facts of bases',
  extension: 'extensions',
  wheel: 'wheels',
  ucx: 'UCX tools',
  layers: 'layer caches',
  base: 'copies of bases',
  'base-named': 'what tags upstream named',
  inventory: 'inventories',
  plan: 'plans',
  image: 'images',
  part: 'parts of an index',
}

function kindCell(kind: PrunedKind | null): string {
  if (kind === null) return 'others'
  return kind === 'image' || kind === 'part' ? own[kind] : `${code(`${kind}-…`)} ${own[kind]}`
}

/** Signs in the list, if anything was to be deleted */
const states: Record<PruneFate['state'], string> = {
  left: '⏸️ still there',
  deleted: '🗑️ deleted',
  vanished: '🗑️ gone already',
  stays: '✅ stays',
  undetermined: '❔ undetermined: no answer',
}

/** A heading for each repository, and a row for each kind in it. */
export function kindParts(repositories: readonly PrunedRepository[]): Part[] {
  return repositories.flatMap((one) => [
    { text: `### ${code(familiarRepository(parseRepository(one.repository)), 200)}` },
    ...(one.gone.length + one.kept.length === 0 ? [{ text: 'It has no tags.' }] : [kindTable(one)]),
  ])
}

function kindTable({ gone: all, kept, bytes }: PrunedRepository): Part {
  const gone = all.filter(({ fate }) => fate.state !== 'stays')
  const kinds = [...storedKinds, 'image', 'part', null] as const
  const total = (some: readonly { digests: number }[]) => some.reduce((sum, { digests }) => sum + digests, 0)
  const rows = kinds.flatMap((kind) => {
    const going = gone.filter((one) => one.kind === kind)
    const staying = kept.filter((one) => one.kind === kind)
    if (going.length + staying.length === 0) return []
    return [[kindCell(kind), ...goesCells(going), stayCell(total(staying)), whyCell(staying)]]
  })
  const last = ['**all**', ...goesCells(gone), stayCell(total(kept)), `${humanBytes(bytes.before)} in all`]
  return { text: table(['', 'Goes', 'Tags', 'Frees', 'Stays', 'Because it is'], [...rows, last]) }
}

function goesCells(going: readonly Pruned[]): string[] {
  if (going.length === 0) return [none, none, none]
  const tags = going.reduce((sum, one) => sum + one.tags.length, 0)
  return [String(going.length), String(tags), humanBytes(bytesOf(going))]
}

function stayCell(digests: number): string {
  return digests === 0 ? none : String(digests)
}

function whyCell(staying: PrunedRepository['kept']): string {
  const counts = keptBecause.flatMap((because) => {
    const digests = staying
      .filter((one) => one.because === because)
      .reduce((sum, one) => sum + one.digests, 0)
    return digests === 0 ? [] : [`${digests} ${reasons[because]}`]
  })
  return counts.join('<br>') || none
}

/** What goes, or what became of it: what is still there first, since somebody may have to act. */
export function gonePart({ apply, repositories, error }: PruneRun, limit: number): Part[] {
  const all = repositories.flatMap(({ gone }) => gone)
  if (all.length === 0) return []
  const isThere = ({ fate }: Pruned): boolean => fate.state === 'left' || fate.state === 'stays'
  const sorted = apply ? [...all.filter(isThere), ...all.filter((one) => !isThere(one))] : all
  const head = ['Tags', 'Created', 'Frees', 'Digest', ...(apply ? ['State'] : [])]
  const rows = sorted.slice(0, mostRows).map((one) => rowOf(one, apply, limit))
  const rest = all.length - rows.length
  const text = wrappingTable(head, rows)
  const more =
    rest > 0 ? `\n\nand ${counted(rest, 'more digest')}, in the file of the output \`prune-path\`` : ''
  const done = error === undefined ? '### Deleted' : '### What was to be deleted'
  const heading = { text: apply ? done : '### What would be deleted' }
  const isShort = all.length < many
  const body = isShort
    ? { text }
    : { text: folded(counted(all.length, 'digest'), text + more), drop: 'digests' }
  return [heading, body]
}

function rowOf(
  { kind, tags, created, bytes, digest, fate }: Pruned,
  apply: boolean,
  limit: number,
): string[] {
  const rest = tags.length - mostTags
  const names = tags.slice(0, mostTags).map((tag) => code(tag))
  const why = fate.state === 'stays' ? `: ${escaped(fate.why, limit)}` : ''
  return [
    [...names, ...(rest > 0 ? [`and ${rest} more`] : [])].join('<br>') || (kind === 'part' ? own.part : none),
    created === null ? none : escaped(created.slice(0, 10)),
    humanBytes(bytes),
    shortDigest(digest),
    ...(apply ? [states[fate.state] + why] : []),
  ]
}
