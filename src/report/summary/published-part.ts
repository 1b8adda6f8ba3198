import { familiarReference, type Repository } from '../../registry/index.ts'
import { many, type Part } from '../fit.ts'
import { code, counted, escaped, folded, none, shortDigest, wrappingTable } from '../markdown.ts'
import {
  type ImageOutcome,
  isUnverified,
  legDigest,
  type LegState,
  mirrorsOf,
  movedTags,
  publicDigest,
  publicTags,
  type Run,
  tagNames,
} from '../outcome.ts'
import { rollBackPart } from '../roll-back.ts'
import { commandBlock } from '../shell.ts'
import type { TitledLeg, TitleOf } from '../titles.ts'
import { conditionLines } from './conditions-part.ts'

const imageStates: Record<ImageOutcome['state'], string> = {
  published: '✅ published',
  unchanged: '✅ unchanged',
  built: '✅ verified, not pushed',
  staged: '⏸️ verified, not published',
  failed: '❌ failed',
  skipped: '⏭️ not started',
}

const legStates: Record<LegState['state'], string> = {
  built: '✅ built and verified',
  staged: '✅ verified',
  failed: '❌ failed',
  skipped: '⏭️ not started',
}

function digestCell(hasDigest: boolean, digest: string | undefined): string[] {
  if (!hasDigest) return []
  return [digest === undefined ? none : shortDigest(digest)]
}

type Row = { repository: Repository; tags: readonly string[]; digest: string | undefined; state: string }

/** One row per image, or two if it has some of its tags and could not get the others. */
function rowsOf(outcome: ImageOutcome): Row[] {
  const { state } = outcome
  const { published, cause, repository } = outcome.image
  if (state === 'staged' && published.kind === 'same') {
    const { tags, digest, missingTags } = published
    return [
      { repository, tags, digest, state: imageStates.unchanged },
      { repository, tags: missingTags, digest: undefined, state: '⏸️ published, not yet under this tag' },
    ]
  }
  // Published before, and not built again for its new tag.
  const isTagged = state === 'published' && cause.kind === 'unchanged'
  const ended =
    state === 'built' && isUnverified(outcome.legs) ? '⚠️ not verified, not pushed' : imageStates[state]
  const shown = isTagged ? `✅ tagged, unchanged since ${code(cause.tag)}` : ended
  const tags = tagNames(outcome)
  return [{ repository, tags, digest: publicDigest(outcome), state: shown }, ...mirrorRows(outcome, tags)]
}

/** One row per mirror, or two if it has some of the tags and could not get the others. */
function mirrorRows(outcome: ImageOutcome, wanted: readonly string[]): Row[] {
  const digest = publicDigest(outcome)
  return mirrorsOf(outcome).flatMap(({ repository, tags, added }) => [
    { repository, tags, digest, state: added.length === 0 ? '✅ mirrored before' : '✅ mirrored' },
    {
      repository,
      tags: wanted.filter((tag) => !tags.includes(tag)),
      digest: undefined,
      state: '❌ not mirrored',
    },
  ])
}

function tagTable(outcomes: readonly ImageOutcome[]): string {
  const all = outcomes.flatMap(rowsOf)
  const hasDigest = all.some(({ digest }) => digest !== undefined)
  const rows = all
    .filter(({ tags }) => tags.length > 0)
    .map(({ tags, digest, state, repository }) => [
      tags.map((tag) => code(familiarReference({ ...repository, tag }))).join('<br>'),
      ...digestCell(hasDigest, digest),
      state,
    ])
  return wrappingTable(['Tag', ...(hasDigest ? ['Digest'] : []), 'State'], rows)
}

/** The legs of a build, which have no public tag yet. */
function legTable(legs: readonly TitledLeg[], titleOf: TitleOf): Part[] {
  const hasDigest = legs.some(({ image, outcome }) => legDigest(image, outcome) !== undefined)
  const rows = legs.map(({ image, outcome }) => [
    `**${escaped(titleOf(image.image), 120)}**`,
    escaped(outcome.leg.platform, 40),
    ...digestCell(hasDigest, legDigest(image, outcome)),
    outcome.state === 'built' && isUnverified([outcome])
      ? '⚠️ built, not verified'
      : legStates[outcome.state],
  ])
  const text = wrappingTable(['Leg', 'Platform', ...(hasDigest ? ['Digest'] : []), 'State'], rows)
  return [legs.length < many ? { text } : { text: folded(counted(legs.length, 'leg'), text), drop: 'legs' }]
}

/** What the registry holds now. For a single image that is missing, the heading says enough. */
export function publishedPart(
  { command, outcomes }: Run,
  legs: readonly TitledLeg[],
  titleOf: TitleOf,
): Part[] {
  const conditions = conditionLines(legs.filter(({ outcome }) => outcome.state !== 'failed'))
  if (command === 'build') return [...legTable(legs, titleOf), ...conditions]
  const [first, ...more] = outcomes
  if (!first || (more.length === 0 && (first.state === 'failed' || first.state === 'skipped'))) return []
  // A command to copy, for the first image that can be pulled
  const [tag] = outcomes.flatMap(publicTags)
  const pull = tag === undefined ? [] : [{ text: commandBlock('docker pull', tag) }]
  const moved = outcomes.map((outcome) => ({
    repository: outcome.image.repository,
    mirrors: mirrorsOf(outcome).map(({ repository }) => repository),
    moved: movedTags(outcome),
  }))
  return [{ text: tagTable(outcomes) }, ...pull, ...conditions, ...rollBackPart(moved)]
}
