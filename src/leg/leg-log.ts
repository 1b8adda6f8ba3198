import type { Plan } from '../plan/index.ts'

/** Lines of one leg that are kept for its group; the whole log is a file. */
const keptLines = 5000

/** @returns leg id → the name of its lines: `vllm v0.10.2`, or the id where the plan has more of that version */
export function legNames({ images }: Pick<Plan, 'images'>): ReadonlyMap<string, string> {
  const legs = images.flatMap((image) => image.legs)
  const short = legs.map(({ engine, version }) => `${engine} ${version.tag}`)
  return new Map(
    legs.map(({ id }, index) => {
      const name = short[index] ?? id
      return [id, short.indexOf(name) === short.lastIndexOf(name) ? name : id]
    }),
  )
}

/**
 * Where a leg says what happens to it: `print` a line of its build, `say` a sentence that is seen whatever is folded. `step` begins
 * a step of its work and gives what ends it.
 */
export type LegLog = {
  name: string
  print: (line: string) => void
  say: (sentence: string) => void
  step: (title: string) => () => void
  end: () => void
}

/**
 * A leg that is built alone has a group for each step. Where legs run side by side their lines have names, and come once more at the
 * end of a leg, in one group (GitHub Actions: workflow commands, grouping log lines; groups can't be in others).
 */
export function createLegLog(name: string, sideBySide: boolean, log: (line: string) => void): LegLog {
  return sideBySide
    ? { name, say: log, step: () => () => undefined, ...linesBesideOthers(name, log) }
    : { name, say: log, step: groups(name, log), print: log, end: () => undefined }
}

function linesBesideOthers(name: string, log: (line: string) => void): Pick<LegLog, 'print' | 'end'> {
  const lines: string[] = []
  let left = 0
  return {
    print: (line) => {
      log(`${name} | ${line}`)
      lines.push(line)
      if (lines.length > keptLines) {
        lines.shift()
        left += 1
      }
    },
    end: () => {
      log(`::group::${name}`)
      if (left > 0) log(`(the first ${left} lines are above)`)
      for (const line of lines) log(line)
      log('::endgroup::')
    },
  }
}

/** Steps that run at the same time, as the compilers do, are one group. */
function groups(name: string, log: (line: string) => void): LegLog['step'] {
  let open = 0
  return (title) => {
    if (open === 0) log(`::group::${name}: ${title}`)
    open += 1
    return () => {
      open -= 1
      if (open === 0) log('::endgroup::')
    }
  }
}
