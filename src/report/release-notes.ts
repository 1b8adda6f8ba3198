import { UserError } from '../errors.ts'
import { componentCells, componentTitles } from './summary/components-part.ts'
import { code, escaped, table } from './markdown.ts'
import { type ImageOutcome, publicDigest, publicTags, reportOf } from './outcome.ts'

/** GitHub's API: 422 "body is too long (maximum is 125000 characters)". */
const bodyLimit = 125_000

const begin = '<!-- image-action: components -->'
const end = '<!-- /image-action: components -->'

/** A marker only counts on a line of its own, so that a text about markers is not one. */
const marker = /(?<=^|\n)<!-- (\/?)image-action: components -->[ \t]*(?=\r?\n|$)/g

const head = ['Image', 'Platform', ...componentTitles, 'Digest']

/** Cells in Markdown: tag, platform, components, digest */
type Row = string[]

type Block = { start: number; end: number }

/**
 * Blocks from a begin marker to the next end marker. Of two begin markers the later one counts. A
 * marker without a partner is plain text: what may not be ours is not touched.
 */
function blocksIn(body: string): Block[] {
  const blocks: Block[] = []
  let start: number | undefined
  for (const match of body.matchAll(marker)) {
    if (match[1] === '') start = match.index
    else if (start !== undefined) {
      blocks.push({ start, end: match.index + match[0].length })
      start = undefined
    }
  }
  return blocks
}

/** The rows that this file writes; the next update drops anything else between the markers. */
function rowsIn(text: string): Row[] {
  return text
    .split(/\r?\n/)
    .filter((line) => line.startsWith('| <code>') && line.endsWith(' |'))
    .map((line) => line.slice(2, -2).split(' | '))
}

/** A row for each platform of an image whose components are known, under its first tag. */
function rowsOf(outcomes: readonly ImageOutcome[]): Row[] {
  return outcomes.flatMap((outcome) => {
    const [tag] = publicTags(outcome)
    const digest = publicDigest(outcome)
    if (tag === undefined || digest === undefined) return []
    return outcome.legs.flatMap((leg) => {
      const report = reportOf(leg)
      if (!report || report.components.length === 0) return []
      return [[code(tag), escaped(leg.leg.platform, 40), ...componentCells(report), code(digest)]]
    })
  })
}

const collator = new Intl.Collator('en', { numeric: true })

function compare(left: Row, right: Row): number {
  const [a, b] = [left.join(' '), right.join(' ')]
  return collator.compare(a, b) || (a < b ? -1 : Number(a > b))
}

/**
 * Rows of other workflow runs stay. A new row replaces the one with its tag and platform, and every row
 * with its tag and another digest.
 */
function merged(old: readonly Row[], fresh: readonly Row[]): Row[] {
  const outdated = (row: Row): boolean =>
    fresh.some(
      ([tag, platform, ...rest]) =>
        row[0] === tag && (row[1] === platform || row[head.length - 1] !== rest.at(-1)),
    )
  return [...old.filter((row) => !outdated(row)), ...fresh].sort(compare)
}

/**
 * Puts the measured components of published images into the notes of a release, between two markers
 * or, without markers, at the end. Rows of other workflow runs stay, since each is known by its tag and
 * platform. Of several blocks the first one gets all rows. Everything outside stays byte for byte.
 * @returns the new body; the same one if no image with known components was published
 * @throws UserError if the body would be too long for GitHub
 */
export function updateReleaseNotes(body: string, outcomes: readonly ImageOutcome[]): string {
  const fresh = rowsOf(outcomes)
  if (fresh.length === 0) return body
  const newLine = /\r(?:\n|$)/.test(body) ? '\r\n' : '\n'
  const blocks = blocksIn(body)
  const old = blocks.flatMap((block) => rowsIn(body.slice(block.start, block.end)))
  const text = `${begin}\n\n### Images, as measured\n\n${table(head, merged(old, fresh))}\n\n${end}`
  const block = text.replaceAll('\n', newLine)
  const result = blocks.length === 0 ? appended(body, block, newLine) : replaced(body, blocks, block)
  if (result.length > bodyLimit)
    throw new UserError(
      `The release notes would have ${result.length} characters with the table of images, but GitHub allows at most ${bodyLimit}; shorten them, or remove rows of old images between the markers.`,
    )
  return result
}

function appended(body: string, block: string, newLine: string): string {
  if (body === '' || body.endsWith(newLine + newLine)) return body + block
  return body + (body.endsWith('\n') ? newLine : newLine + newLine) + block
}

function replaced(body: string, blocks: readonly Block[], text: string): string {
  let result = ''
  let position = 0
  for (const [index, block] of blocks.entries()) {
    result += body.slice(position, block.start) + (index === 0 ? text : '')
    position = block.end
  }
  return result + body.slice(position)
}
