import { buildIdLabel, determinantsLabel, type Leg, sha256 } from '../plan/index.ts'
import { excerpt, listed } from '../text.ts'
import type { LegFacts } from './facts.ts'
import { about, type Gate } from './gate.ts'
import { comparedLabels, engineCommitLabel, labelsOf } from './labels.ts'

const longest = 120

/**
 * Each label of this action has the measured value, and the build id is that of the determinants.
 * Labels that this version does not know, those of the run that built the image, and those that describe
 * it for people, say nothing that could be compared.
 * @param leg as the labels describe it
 * @param labels of the image
 * @param hasBase whether the leg has the base of the image, whose labels state the engine's commit
 */
export function judgeLabels(
  leg: Leg,
  facts: LegFacts,
  labels: Readonly<Record<string, string>>,
  hasBase: boolean,
): Gate {
  const gate = about('labels', 'each label of this action says what was measured')
  const build = sha256(labels[determinantsLabel] ?? '')
  if (build !== labels[buildIdLabel])
    return gate
      .with(`${buildIdLabel} ${shown(labels[buildIdLabel])}`)
      .fail(
        `The label ${buildIdLabel} is not the build id of the label ${determinantsLabel}, which is ${build}`,
        remedy,
        gate.waiver,
      )
  const found = labelsOf(leg, facts, new Map())
  const measured = comparedLabels
    .filter((name) => name in labels && (hasBase || name !== engineCommitLabel))
    .map((name) => [name, found[name] ?? ''] as const)
  const wrong = measured.filter(([name, value]) => labels[name] !== value)
  const [first] = wrong
  if (!first) return gate.with(`${measured.length} labels agree`).pass()
  const [name, value] = first
  return gate
    .with(listed(wrong.map(([each]) => `${each}: ${shown(labels[each])}`)))
    .fail(
      `The label ${name} says ${shown(labels[name])}, and ${shown(value)} was measured`,
      remedy,
      gate.waiver,
    )
}

const remedy = 'do not use this image: build it again'

function shown(value: string | undefined): string {
  return value === undefined || value === '' ? 'nothing' : excerpt(value, longest)
}
