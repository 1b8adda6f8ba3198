import { buildIdLabel, determinantsLabel, type Leg, parseDeterminants, sha256 } from '../plan/index.ts'
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
  const names = comparedLabels.filter((name) => name in labels && (hasBase || name !== engineCommitLabel))
  const wrong = names
    .flatMap((name) => comparisonsOf(name, labels[name] ?? '', found[name] ?? ''))
    .filter(({ says, measured }) => says !== measured)
  const [first] = wrong
  if (!first) return gate.with(`${names.length} labels agree`).pass()
  return gate
    .with(listed(wrong.map(({ what, says }) => `${what}: ${shown(says)}`)))
    .fail(
      `The label ${first.what} says ${shown(first.says)}, and ${shown(first.measured)} was measured`,
      remedy,
      gate.waiver,
    )
}

type Comparison = { what: string; says: string; measured: string }

/** Another version of the action may have determinants of its own, which the build id covers alone. */
function comparisonsOf(name: string, says: string, measured: string): Comparison[] {
  const said = name === determinantsLabel ? parseDeterminants(says) : undefined
  const known = said && parseDeterminants(measured)
  if (!known) return [{ what: name, says, measured }]
  return [...known].map(([field, value]) => ({
    what: `${name} (${field})`,
    says: said.get(field) ?? '',
    measured: value,
  }))
}

const remedy = 'do not use this image: build it again'

function shown(value: string | undefined = ''): string {
  return value === '' ? 'nothing' : excerpt(value, longest)
}
