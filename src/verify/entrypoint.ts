import type { Leg } from '../plan/index.ts'
import { compareEnds, endText } from './entrypoint-ends.ts'
import type { Start } from './functional-facts.ts'
import type { LegFacts } from './facts.ts'
import { about, type Gate, reportHint } from './gate.ts'

const name = 'entrypoint'

/** The commands that a container starts end, with `--help`, as in the base. */
export function judgeEntrypoint(_leg: Leg, facts: LegFacts): Gate {
  const { entrypoint: before } = facts.base.running
  const { entrypoint: after } = facts.image.running
  const unknown = about(name, 'it ends as in the base')
  if (!before || !after)
    return unknown.undetermined(`nothing could be started in the ${before ? 'image' : 'base'}`)
  if (before.length === 0)
    return unknown.notApplicable('the base has no ENTRYPOINT, and no engine with a known command')
  const gates = before.map((start) => judgeStart(start, after, facts))
  const worst = gates.find(({ state }) => state === 'fail') ?? gates.find(({ state }) => state !== 'pass')
  if (worst) return worst
  const all = (side: 'expected' | 'actual') => gates.map((gate) => gate[side]).join('; ')
  return about(name, all('expected'), all('actual')).pass()
}

function judgeStart(base: Start, after: readonly Start[], facts: LegFacts): Gate {
  const command = base.command.join(' ')
  const program = base.command.slice(0, -1).join(' ')
  const image = after.find((candidate) => candidate.command.join(' ') === command)
  const expected = `${command} ends as in the base: ${endText(base)}`
  if (!image)
    return about(name, expected, 'not started').fail(`${program} was not started in the image`, reportHint)
  const gate = about(name, expected, endText(image))
  const comparison = compareEnds(base, image, facts)
  if (comparison === 'different')
    return gate.fail(
      `${program} with its help option does not end in the image as in the base: ${endText(image)}`,
      reportHint,
      gate.waiver,
    )
  if (comparison === 'further')
    return gate.undetermined(
      `in the base, ${program} ends early, because it lacks a package that the build adds, so that the ends can't be compared`,
    )
  if (image.end.kind === 'late')
    return gate.undetermined(`${program} did not end, neither in the base nor in the image`)
  return gate.pass()
}
