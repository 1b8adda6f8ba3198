import type { Leg } from '../plan/index.ts'
import { compareEnds, describeEnd } from './entrypoint-ends.ts'
import type { Start } from './entrypoint-facts.ts'
import type { LegFacts } from './facts.ts'
import { failed, type Gate, notApplicable, passed, reportHint, undetermined, waiverHint } from './gate.ts'

const name = 'entrypoint'

/** The image starts as its base does: what a user's container does first, asked for its help. */
export function judgeEntrypoint(_leg: Leg, facts: LegFacts): Gate {
  const { entrypoint: before } = facts.base.running
  const { entrypoint: after } = facts.image.running
  const unknown = { expected: 'it ends as in the base', actual: 'unknown' }
  if (!before || !after)
    return undetermined(name, unknown, `nothing could be started in the ${before ? 'image' : 'base'}`)
  if (before.length === 0)
    return notApplicable(name, unknown, 'the base has no ENTRYPOINT, and no engine whose command is known')
  const gates = before.map((start) => judgeStart(start, after, facts))
  const worst = gates.find(({ state }) => state === 'fail') ?? gates.find(({ state }) => state !== 'pass')
  if (worst) return worst
  return passed(name, {
    expected: gates.map(({ expected }) => expected).join('; '),
    actual: gates.map(({ actual }) => actual).join('; '),
  })
}

function judgeStart(base: Start, after: readonly Start[], facts: LegFacts): Gate {
  const command = base.command.join(' ')
  const program = base.command.slice(0, -1).join(' ')
  const image = after.find((candidate) => candidate.command.join(' ') === command)
  const expected = `${command} ends as in the base: ${describeEnd(base)}`
  if (!image)
    return failed(
      name,
      { expected, actual: 'not started' },
      `${program} was not started in the image; ${reportHint}.`,
    )
  const judgement = { expected, actual: describeEnd(image) }
  const comparison = compareEnds(base, image, facts)
  if (comparison === 'different')
    return failed(
      name,
      judgement,
      `${program}, asked for its help, does not end in the image as in the base: ${describeEnd(image)}; ${reportHint}, or ${waiverHint(name)}.`,
    )
  if (comparison === 'further')
    return undetermined(
      name,
      judgement,
      `in the base, ${program} lacks a package that the build adds, so it is not known how it would go on there`,
    )
  if (image.end.kind === 'late')
    return undetermined(name, judgement, `${program} did not end, neither in the base nor in the image`)
  return passed(name, judgement)
}
