import { listed } from '../text.ts'
import type { Leg } from '../plan/index.ts'
import { importProblems, type Problem } from './as-imported.ts'
import type { BaseFacts, Facts, LegFacts, RootFacts } from './facts.ts'
import { failed, type Gate, type Judgement, passed, undetermined, waiverHint } from './gate.ts'

const name = 'as-it-runs'

/** The base's USER can be started: Docker knows it, and it can go into WORKDIR and start Python. */
export function judgeUser(_leg: Leg, { base: { user } }: RootFacts): Gate {
  const expected = 'the user of the image starts'
  if (!user)
    return undetermined(name, { expected, actual: 'unknown' }, "the base's USER could not be looked up")
  const shown = nameOf({ user })
  const judgement = { expected: `USER ${shown} starts in ${user.directory}`, actual: `USER ${shown}` }
  const problems = [
    ['is not there', user.entry],
    ['has a group that is not there', user.group],
    ['can not go into its WORKDIR', user.enter],
    ['can not start python3', user.python],
  ] as const
  for (const [what, outcome] of problems)
    if (outcome.outcome === 'error')
      return failed(
        name,
        { ...judgement, actual: `USER ${shown} ${what}` },
        `The base's USER ${shown} ${what} (${outcome.error}); choose another base, or report it to who makes that image.`,
      )
  return passed(name, judgement)
}

function nameOf({ user }: Pick<BaseFacts, 'user'>): string {
  return user === null || user.name === '' ? 'root' : user.name
}

/**
 * What is measured as root is what runs: as the image's user, in its folder and with its environment, the ENTRYPOINT's Python takes the
 * same files, each is of the package that was measured, and the tools start.
 */
export function judgeAsItRuns(leg: Leg, facts: LegFacts): Gate {
  const start = judgeUser(leg, facts)
  if (start.state !== 'pass') return start
  const { image } = facts
  const who = nameOf(facts.base)
  const judgement: Judgement = {
    expected: `as the user ${who}: the files and tools that were measured`,
    actual: 'the same',
  }
  const { imports: asRoot, running } = image
  const unknown = (why: string) => undetermined(name, { ...judgement, actual: 'unknown' }, why)
  if (!asRoot || !running.imports) return unknown('what Python would import could not be told')
  if (asRoot.error !== null) return unknown(asRoot.error)
  if (!running.tools) return unknown('whether the tools start could not be tried')
  const problems = problemsOf(leg, image)
  const [first] = problems
  if (!first) return passed(name, judgement)
  return failed(
    name,
    { ...judgement, actual: listed(problems.map(({ actual }) => actual)) },
    `As the image's user ${who}, ${first.hint}; choose another base, or ${waiverHint(name)}.`,
  )
}

/** What is wrong for the user alone, as far as it could be looked at. */
function problemsOf(leg: Leg, image: Facts): Problem[] {
  const { imports: asRoot } = image
  const { imports: asUser, tools } = image.running
  return [
    ...(asRoot?.error === null && asUser ? importProblems(leg, image, asRoot, asUser) : []),
    ...toolProblems(image, tools ?? []),
  ]
}

/** @returns whether what the user has otherwise is, or may be, one of these modules and commands */
export function mayRunOtherwise(leg: Leg, facts: LegFacts, names: RegExp): boolean {
  const problems = judgeUser(leg, facts).state === 'pass' ? problemsOf(leg, facts.image) : []
  return problems.length === 0 || problems.some(({ about }) => about === null || names.test(about))
}

function toolProblems(image: Facts, tools: NonNullable<Facts['running']['tools']>): Problem[] {
  return tools.flatMap(({ command, start }) =>
    start.outcome === 'ok' || !startsAsRoot(image, command)
      ? []
      : [
          {
            about: command,
            actual: `${command} does not start`,
            hint: `${command} does not start (${start.error}), as it does for root`,
          },
        ],
  )
}

function startsAsRoot({ tools, ucxTools }: Facts, command: string): boolean {
  if (command === 'ucx_info') return ucxTools?.version != null
  if (command === 'ucx_perftest') return ucxTools?.perftest.outcome === 'ok'
  return tools.some((tool) => tool.command === command && tool.start.outcome === 'ok')
}
