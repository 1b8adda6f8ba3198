import { familiarReference } from '../registry/reference.ts'
import type { Part } from './fit.ts'
import { code, codeBlock, counted, escaped, folded, none, table } from './markdown.ts'
import {
  type ImageOutcome,
  legDigest,
  type LegState,
  publicDigest,
  publicTags,
  type Run,
  tagNames,
} from './outcome.ts'
import { many, type TitledLeg, type TitleOf } from './titles.ts'

const imageStates: Record<ImageOutcome['state'], string> = {
  published: '✅ published',
  unchanged: '✅ unchanged, published before',
  built: '✅ verified, not pushed',
  staged: '⏸️ verified, publishing not finished',
  failed: '❌ failed',
  skipped: '⏭️ not begun',
}

const legStates: Record<LegState['state'], string> = {
  built: '✅ built and verified',
  staged: '✅ verified',
  failed: '❌ failed',
  skipped: '⏭️ not begun',
}

/** Which tags there are (for a build: which there will be), with the digest that each one names. */
function tagTable({ command, outcomes }: Run): string {
  const rows = outcomes.flatMap((outcome) => {
    const { repository } = outcome.image
    const digest = publicDigest(outcome)
    const state =
      command === 'build' && outcome.state === 'staged' ? '⏸️ for promote' : imageStates[outcome.state]
    return tagNames(outcome).map((tag) => [
      code(familiarReference({ ...repository, tag })),
      digest === undefined ? none : code(digest),
      state,
    ])
  })
  return table(['Tag', 'Digest', ''], rows)
}

/** Which digest each leg has. A tag names the index over the legs where there are several. */
function legTable(legs: readonly TitledLeg[], titleOf: TitleOf): string {
  const rows = legs.map(({ image, outcome }) => {
    const digest = legDigest(image, outcome)
    return [
      `**${escaped(titleOf(image.image), 120)}**`,
      escaped(outcome.leg.platform, 40),
      digest === undefined ? none : code(digest),
      legStates[outcome.state],
    ]
  })
  return table(['Leg', 'Platform', 'Digest', ''], rows)
}

/** @returns a command to copy for each image that can be pulled */
function pullCommands(outcomes: readonly ImageOutcome[]): Part[] {
  const commands = outcomes.flatMap((outcome) => {
    const [tag] = publicTags(outcome)
    const digest = publicDigest(outcome)
    return tag === undefined || digest === undefined ? [] : [`docker pull ${tag}@${digest}`]
  })
  if (commands.length === 0) return []
  const text = codeBlock(commands.join('\n'), 'sh')
  if (commands.length < many) return [{ text }]
  return [{ text: folded(counted(commands.length, 'pull command'), text), drop: 'pull commands' }]
}

function legParts(run: Run, legs: readonly TitledLeg[], titleOf: TitleOf): Part[] {
  const several = run.outcomes.some(({ image }) => image.legs.length > 1)
  if (run.command !== 'build' && !several) return []
  const text = legTable(legs, titleOf)
  const note = 'A tag names an index over these digests where an image has several platforms.'
  return [
    { text: '### Legs' },
    ...(several && run.command !== 'build' ? [{ text: note }] : []),
    legs.length < many ? { text } : { text: folded(counted(legs.length, 'leg'), text), drop: 'legs' },
  ]
}

/** What is in the registry now. A build is about its legs, everything else about the tags. */
export function publishedPart(run: Run, legs: readonly TitledLeg[], titleOf: TitleOf): Part[] {
  const tags = [{ text: '### Tags' }, { text: tagTable(run) }, ...pullCommands(run.outcomes)]
  const byLeg = legParts(run, legs, titleOf)
  return run.command === 'build' ? [...byLeg, ...tags] : [...tags, ...byLeg]
}
