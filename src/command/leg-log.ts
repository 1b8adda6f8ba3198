import type { Plan } from '../plan/plan.ts'

/** Lines of one leg that are kept for its group; the whole log is a file. */
const keptLines = 5000

/** @returns leg id → the name in front of its lines: `vllm v0.10.2`, or the id where the plan has more of that version */
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

export type LegLog = { print: (line: string) => void; end: () => void }

/**
 * Where the lines of a leg go: straight to the log, and where legs run side by side once more at its end, folded and in one
 * piece (GitHub Actions: workflow commands, grouping log lines).
 */
export function createLegLog(name: string, sideBySide: boolean, log: (line: string) => void): LegLog {
  if (!sideBySide) return { print: log, end: () => undefined }
  const lines: string[] = []
  let left = 0
  return {
    print: (line) => {
      log(line)
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
