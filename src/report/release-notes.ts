import { UserError } from '../errors.ts'
import { componentCells, componentTitles } from './summary/components-part.ts'
import { code, escaped, table } from './markdown.ts'
import { type ImageOutcome, publicDigest, publicTags, reportOf } from './outcome.ts'

/** Characters of a release's body (GitHub's API answers 422 "body is too long (maximum is 125000 characters)"). */
const bodyLimit = 125_000

const begin = '<!-- image-action: components -->'
const end = '<!-- /image-action: components -->'

/** A marker counts where it is alone on its line, so that a text about markers is none. */
const marker = /(?<=^|\n)<!-- (\/?)image-action: components -->[ \t]*(?=\r?\n|$)/g

const head = ['Image', 'Platform', ...componentTitles, 'Digest']

/** Cells of a line of the table, as Markdown: tag, platform, components, digest */
type Row = string[]

type Block = { start: number; end: number }

/**
 * What a begin marker and the next end marker enclose. Of two begin markers the later one counts, and a marker without its
 * partner is text like any other: what is not certainly ours is not touched.
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

/** Rows as this file writes them; anything else between the markers is gone with the next update. */
function rowsIn(text: string): Row[] {
  return text
    .split(/\r?\n/)
    .filter((line) => line.startsWith('| <code>') && line.endsWith(' |'))
    .map((line) => line.slice(2, -2).split(' | '))
}

/** One row for each platform of an image of which it is known what is inside, under its first tag. */
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
 * Rows of other workflow runs stay; a row gives way to a new one of its tag and platform, and to any of its tag if that
 * names something else by now.
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
 * Puts the measured components of published images into the notes of a release, between two markers: in place where the
 * markers are, else at the end. What other workflow runs put there stays, since each row is known by its tag and platform.
 * If there are several such blocks, the first takes the rows of all. Everything outside of them stays byte for byte.
 * @returns the new body; the same one if nothing was published of which the components are known
 * @throws UserError if GitHub would not take a body of this length
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
      `The release notes would have ${result.length} characters with the table of the images, and GitHub takes at most ${bodyLimit}; shorten them, or remove rows of old images between the markers.`,
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
