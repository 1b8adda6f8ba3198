import type { Plan } from '../plan/index.ts'

/** Lines of one leg in its group; the log file has all */
const groupedLines = 5000

/** @returns leg id → prefix of its lines: `vllm v0.10.2`, or the id if several legs have it */
export function legNames({ images }: Pick<Plan, 'images'>): ReadonlyMap<string, string> {
  const legs = images.flatMap((image) => image.legs)
  const groups = Map.groupBy(legs, ({ engine, version }) => `${engine} ${version.tag}`)
  return new Map(
    [...groups].flatMap(([name, group]) =>
      group.map(({ id }) => [id, group.length === 1 ? name : id] as const),
    ),
  )
}

/**
 * The log of one leg: `print` writes a line of its build, `say` a sentence outside of all groups.
 * `step` begins a step of its work and returns a function that ends it.
 */
export type LegLog = {
  name: string
  print: (line: string) => void
  say: (sentence: string) => void
  step: (title: string) => () => void
  end: () => void
}

/**
 * A leg that is built alone has a group for each step. Lines of parallel legs have a prefix, and
 * are repeated at the end of a leg in one group (GitHub Actions: workflow commands, grouping log
 * lines; groups can't be nested).
 */
export function createLegLog(name: string, isParallel: boolean, log: (line: string) => void): LegLog {
  return isParallel
    ? { name, say: log, step: () => () => undefined, ...prefixedLines(name, log) }
    : { name, say: log, step: groups(name, log), print: log, end: () => undefined }
}

function prefixedLines(name: string, log: (line: string) => void): Pick<LegLog, 'print' | 'end'> {
  const lines: string[] = []
  let left = 0
  return {
    print: (line) => {
      log(`${name} | ${line}`)
      lines.push(line)
      if (lines.length > groupedLines) {
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

/** Steps that run in parallel, such as the two compilers, share one group. */
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
