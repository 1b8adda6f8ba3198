import { familiarReference, familiarRepository } from '../../registry/index.ts'
import { formatDuration } from '../../text.ts'
import { fit, type Part, summaryLimit } from '../fit.ts'
import {
  alert,
  bullets,
  code,
  counted,
  escaped,
  folded,
  none,
  shortDigest,
  wrappingTable,
} from '../markdown.ts'
import { commandBlock } from '../shell.ts'
import { conditionLines } from '../summary/conditions-part.ts'
import { gatesPart, passedTable, tally } from '../summary/gates-part.ts'
import { retriesPart } from '../summary/problems-part.ts'
import { rollBackPart } from '../roll-back.ts'
import { hasChanged, type TaggedImage, type TagFate, tagsNow, type TagRun } from './tag-run.ts'
import { tagTitles, titleOfTagged } from './tag-titles.ts'

const states: Record<TagFate['state'], string> = {
  created: '✅ created',
  moved: '✅ moved',
  unchanged: '✅ unchanged',
  left: '❌ not given',
  unknown: '❔ perhaps given',
}

function headingOf({ image, error }: TagRun): string {
  if (!image) return '❌ Nothing was tagged'
  const title = escaped(titleOfTagged(image), 120)
  const given = image.tags.filter(({ state }) => state === 'created' || state === 'moved').length
  if (image.mirrors.some(({ tags }) => tags.some(({ state }) => state === 'left' || state === 'unknown')))
    return `❌ ${title} has its public tags, but not all mirrors do`
  if (image.tags.some(({ state }) => state === 'unknown'))
    return `❌ ${title}: whether its tags were given is not known`
  if (error !== undefined)
    return `❌ ${title} ${given === 0 ? 'was not tagged' : `got ${given} of ${counted(image.tags.length, 'tag')}`}`
  return `✅ ${title} ${hasChanged(image) ? `got ${given === 0 ? 'its tags in mirrors' : counted(given, 'tag')}` : 'has its tags already, nothing changed'}`
}

function factsLine({ duration, image }: TagRun): string {
  const gates = image?.platforms.flatMap(({ report }) => report.gates) ?? []
  return [formatDuration(duration), ...(gates.length === 0 ? [] : [tally(gates)])].join(' · ')
}

function beforeCell(fate: TagFate): string {
  if (fate.state === 'unchanged' || fate.state === 'left') return none
  const from = fate.state === 'created' ? undefined : fate.from
  return from === undefined ? 'nothing' : code(from)
}

function tagTable({ repository, digest, tags, mirrors }: TaggedImage): Part[] {
  if (tags.length === 0) return []
  const rows = [{ repository, tags }, ...mirrors].flatMap((place) =>
    place.tags.map((fate) => [
      code(familiarReference({ ...place.repository, tag: fate.tag })),
      fate.state === 'left' || fate.state === 'unknown' ? none : shortDigest(digest),
      states[fate.state],
      beforeCell(fate),
    ]),
  )
  return [{ text: wrappingTable(['Tag', 'Digest', 'State', 'It named before'], rows) }]
}

function movedPart({ repository, mirrors, tags }: TaggedImage): Part[] {
  const moved = tags.flatMap((fate) =>
    (fate.state === 'moved' || fate.state === 'unknown') && fate.from !== undefined
      ? [{ tag: fate.tag, from: fate.from }]
      : [],
  )
  return rollBackPart([{ repository, mirrors: mirrors.map((mirror) => mirror.repository), moved }])
}

function pullPart(image: TaggedImage): Part[] {
  const [tag] = tagsNow(image)
  return tag === undefined
    ? []
    : [{ text: commandBlock('docker pull', familiarReference({ ...image.repository, tag })) }]
}

/** Each platform by its digest, with its base and the gates that passed. */
function detailsPart(image: TaggedImage, limit: number): Part[] {
  const texts = image.platforms.flatMap(({ platform, digest, report }) => {
    const { base } = report
    const lines = [
      `Image: ${code(`${familiarRepository(image.repository)}@${digest}`)}`,
      `Base: ${code(`${base.name}@${base.digest}`)}`,
    ]
    const gates = passedTable(report.gates, limit)
    return [`#### ${escaped(platform, 40)}`, bullets(lines), ...(gates === undefined ? [] : [gates])]
  })
  const head = `<b>${escaped(titleOfTagged(image), 120)}</b>`
  return [{ text: '### Details' }, { text: folded(head, texts.join('\n\n')), drop: 'details' }]
}

function partsOf(run: TagRun, limit: number): Part[] {
  const { image, error, retried = [] } = run
  const legs = image ? tagTitles(image) : []
  const isThere = image !== undefined && tagsNow(image).length > 0
  return [
    { text: `## ${headingOf(run)}\n\n${factsLine(run)}` },
    ...(error === undefined ? [] : [{ text: alert('CAUTION', [escaped(error, 2 * limit)]) }]),
    ...(image ? tagTable(image) : []),
    ...(image ? pullPart(image) : []),
    ...(isThere ? conditionLines(legs) : []),
    ...(image ? movedPart(image) : []),
    ...gatesPart(legs, limit),
    ...(image ? detailsPart(image, limit) : []),
    ...retriesPart(retried, limit),
  ]
}

/** The job summary of `command: tag`, as Markdown. @param limit bytes */
export function renderTagSummary(run: TagRun, limit = summaryLimit): string {
  return fit((cell) => partsOf(run, cell), limit)
}
