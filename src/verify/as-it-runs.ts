import type { Leg } from '../plan/index.ts'
import { listed } from '../text.ts'
import { importProblems, type Problem } from './as-imported.ts'
import type { BaseFacts, Facts, LegFacts, RootFacts } from './facts.ts'
import { about, type Gate } from './gate.ts'

const name = 'as-it-runs'

/** The base's USER exists, and can enter WORKDIR and start Python. */
export function judgeUser(_leg: Leg, { base: { user } }: RootFacts): Gate {
  if (!user) return about(name, 'the user of the image starts').undetermined("the base's USER is not known")
  const shown = `USER ${nameOf({ user })}`
  const gate = about(name, `${shown} starts in ${user.directory}`, shown)
  const problems = [
    ['does not exist', user.entry],
    ['has a group that does not exist', user.group],
    ["can't enter its WORKDIR", user.enter],
    ["can't start python3", user.python],
  ] as const
  for (const [what, outcome] of problems)
    if (outcome.outcome === 'error')
      return gate
        .with(`${shown} ${what}`)
        .fail(
          `The base's ${shown} ${what} (${outcome.error})`,
          'choose another base',
          'report it to the maker of that image',
        )
  return gate.pass()
}

function nameOf({ user }: Pick<BaseFacts, 'user'>): string {
  return user === null || user.name === '' ? 'root' : user.name
}

/**
 * What is measured as root is what runs: as the image's user, with its folder and environment, the
 * ENTRYPOINT's Python imports the same files of the same packages, and the tools start.
 */
export function judgeAsItRuns(leg: Leg, facts: LegFacts): Gate {
  const start = judgeUser(leg, facts)
  if (start.state !== 'pass') return start
  const { image } = facts
  const user = nameOf(facts.base)
  const gate = about(name, `as the user ${user}: the files and tools that were measured`)
  const { imports: asRoot, running } = image
  if (!asRoot || !running.imports) return gate.undetermined('what Python would import is not known')
  if (asRoot.error !== null) return gate.undetermined(asRoot.error)
  if (!running.tools) return gate.undetermined('the tools could not be started')
  const problems = problemsOf(leg, image)
  const [first] = problems
  if (!first) return gate.with('the same').pass()
  return gate
    .with(listed(problems.map(({ actual }) => actual)))
    .fail(`As the image's user ${user}, ${first.hint}`, 'choose another base', gate.waiver)
}

/** @returns what is wrong for the user only, as far as it was measured */
function problemsOf(leg: Leg, image: Facts): Problem[] {
  const { imports: asRoot } = image
  const { imports: asUser, tools } = image.running
  return [
    ...(asRoot?.error === null && asUser ? importProblems(leg, image, asRoot, asUser) : []),
    ...toolProblems(image, tools ?? []),
  ]
}

/** @returns whether one of these modules and commands is, or may be, another one for the user */
export function mayRunOtherwise(leg: Leg, facts: LegFacts, names: RegExp): boolean {
  const problems = judgeUser(leg, facts).state === 'pass' ? problemsOf(leg, facts.image) : []
  return problems.length === 0 || problems.some(({ about }) => about === null || names.test(about))
}

function toolProblems(image: Facts, tools: NonNullable<Facts['running']['tools']>): Problem[] {
  return tools.flatMap(({ command, start }) => {
    if (start.outcome === 'ok' || !startsAsRoot(image, command)) return []
    const actual = `${command} does not start`
    return [{ about: command, actual, hint: `${actual} (${start.error}), as it does for root` }]
  })
}

function startsAsRoot({ tools, ucxTools }: Facts, command: string): boolean {
  if (command === 'ucx_info') return ucxTools?.version != null
  if (command === 'ucx_perftest') return ucxTools?.perftest.outcome === 'ok'
  return tools.some((tool) => tool.command === command && tool.start.outcome === 'ok')
}
