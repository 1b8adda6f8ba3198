import { familiarReference } from '../registry/reference.ts'
import type { Part } from './fit.ts'
import { code, counted, escaped, folded, none, shortDigest, table } from './markdown.ts'
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
function stateOf({ state, image: { cause } }: ImageOutcome): string {
  return state === 'published' && cause.kind === 'unchanged'
    ? `✅ tagged, unchanged since ${code(cause.tag)}`
    : imageStates[state]
}

/** A row for each image; digests only where there are any. */
function tagTable(outcomes: readonly ImageOutcome[]): string {
  const hasDigest = outcomes.some((outcome) => publicDigest(outcome) !== undefined)
  const rows = outcomes.map((outcome) => {
    const { repository } = outcome.image
    const digest = publicDigest(outcome)
    const tags = tagNames(outcome).map((tag) => code(familiarReference({ ...repository, tag })))
    return [
      tags.join('<br>'),
      ...(hasDigest ? [digest === undefined ? none : shortDigest(digest)] : []),
      stateOf(outcome),
    ]
  })
  return table(['Tag', ...(hasDigest ? ['Digest'] : []), 'State'], rows)
}

/** @returns a command to copy for the first image that can be pulled */
function pullCommand(outcomes: readonly ImageOutcome[]): Part[] {
  const [tag] = outcomes.flatMap(publicTags)
  return tag === undefined ? [] : [{ text: commandBlock('docker pull', tag) }]
}

/** A build is about its legs, which nobody can pull by a tag yet. */
function legTable(legs: readonly TitledLeg[], titleOf: TitleOf): Part[] {
  const rows = legs.map(({ image, outcome }) => {
    const digest = legDigest(image, outcome)
    return [
      `**${escaped(titleOf(image.image), 120)}**`,
      escaped(outcome.leg.platform, 40),
      digest === undefined ? none : shortDigest(digest),
      legStates[outcome.state],
    ]
  })
  const text = table(['Leg', 'Platform', 'Digest', 'State'], rows)
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
