import { familiarReference } from '../registry/reference.ts'
import type { Part } from './fit.ts'
import { code, counted, escaped, folded, none, shortDigest, wrappingTable } from './markdown.ts'
import {
  type ImageOutcome,
  legDigest,
  type LegState,
  publicDigest,
  publicTags,
  type Run,
  tagNames,
} from './outcome.ts'
import { commandBlock } from './shell.ts'
import { many, type TitledLeg, type TitleOf } from './titles.ts'

const imageStates: Record<ImageOutcome['state'], string> = {
  published: '✅ published',
  unchanged: '✅ unchanged',
  built: '✅ verified, not pushed',
  staged: '⏸️ verified, not published',
  failed: '❌ failed',
  skipped: '⏭️ not begun',
}

const legStates: Record<LegState['state'], string> = {
  built: '✅ built and verified',
  staged: '✅ verified',
  failed: '❌ failed',
  skipped: '⏭️ not begun',
}

/** What was published before, and has got another tag, was not built for it. */
function stateOf({ state, image: { cause, published } }: ImageOutcome): string {
  const isPublished = published.kind === 'same'
  if (state === 'published' && cause.kind === 'unchanged')
    return `✅ tagged, unchanged since ${code(cause.tag)}`
  if (state === 'staged' && isPublished) return '⏸️ published, not yet under this tag'
  return imageStates[state]
}

function digestCell(hasDigest: boolean, digest: string | undefined): string[] {
  if (!hasDigest) return []
  return [digest === undefined ? none : shortDigest(digest)]
}

/** A row for each image; digests only where there are any. */
function tagTable(outcomes: readonly ImageOutcome[]): string {
  const hasDigest = outcomes.some((outcome) => publicDigest(outcome) !== undefined)
  const rows = outcomes.map((outcome) => {
    const { repository } = outcome.image
    const tags = tagNames(outcome).map((tag) => code(familiarReference({ ...repository, tag })))
    return [tags.join('<br>'), ...digestCell(hasDigest, publicDigest(outcome)), stateOf(outcome)]
  })
  return wrappingTable(['Tag', ...(hasDigest ? ['Digest'] : []), 'State'], rows)
}

/** @returns a command to copy for the first image that can be pulled */
function pullCommand(outcomes: readonly ImageOutcome[]): Part[] {
  const [tag] = outcomes.flatMap(publicTags)
  return tag === undefined ? [] : [{ text: commandBlock('docker pull', tag) }]
}

/** A build is about its legs, which nobody can pull by a tag yet. */
function legTable(legs: readonly TitledLeg[], titleOf: TitleOf): Part[] {
  const hasDigest = legs.some(({ image, outcome }) => legDigest(image, outcome) !== undefined)
  const rows = legs.map(({ image, outcome }) => [
    `**${escaped(titleOf(image.image), 120)}**`,
    escaped(outcome.leg.platform, 40),
    ...digestCell(hasDigest, legDigest(image, outcome)),
    legStates[outcome.state],
  ])
  const text = wrappingTable(['Leg', 'Platform', ...(hasDigest ? ['Digest'] : []), 'State'], rows)
  return [legs.length < many ? { text } : { text: folded(counted(legs.length, 'leg'), text), drop: 'legs' }]
}

/** What is in the registry now. Of one image that is not there the heading has said it all. */
export function publishedPart(
  { command, outcomes }: Run,
  legs: readonly TitledLeg[],
  titleOf: TitleOf,
): Part[] {
  if (command === 'build') return legTable(legs, titleOf)
  const [first, ...more] = outcomes
  if (!first || (more.length === 0 && (first.state === 'failed' || first.state === 'skipped'))) return []
  return [{ text: tagTable(outcomes) }, ...pullCommand(outcomes)]
}
