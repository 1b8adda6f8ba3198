import { type Engine, engineNames } from '../../../plan/index.ts'
import { engineTitle, type Row } from './row.ts'
import { byVersion } from './sort.ts'
import { baseStates, type Look, standings } from './standing.ts'

/** The images of one engine version with one AIBrix version, the newest first. */
export type Cell = { look: Look; rows: readonly Row[] }

export type Line = {
  version: string
  /** For each AIBrix version; undefined: no image */
  cells: readonly (Cell | undefined)[]
}

/** Engine versions by AIBrix versions, the newest of both first. */
export type Matrix = { engine: Engine; title: string; aibrix: readonly string[]; lines: readonly Line[] }

/** @returns a matrix for each engine with images @param versions the oldest first */
export function matricesOf(rows: readonly Row[], versions: readonly string[]): Matrix[] {
  return engineNames.flatMap((engine) => {
    const own = rows.filter((row) => row.engine === engine)
    const values = (name: 'version' | 'aibrix'): string[] =>
      byVersion([...new Set(own.flatMap((row) => row[name]))], versions).reverse()
    const aibrix = values('aibrix')
    const lines = values('version').map((version) => ({
      version,
      cells: aibrix.map((other) =>
        cellOf(own.filter((row) => row.version.includes(version) && row.aibrix.includes(other))),
      ),
    }))
    return lines.length === 0 ? [] : [{ engine, title: engineTitle(engine), aibrix, lines }]
  })
}

export const movedLook: Look = { ...baseStates.moved, title: 'Base moved or gone' }

/** The looks of a matrix, as its legend lists them; the last two only if they occur */
export const legend: readonly Look[] = [
  standings.passed,
  standings.conditional,
  movedLook,
  standings.unjudged,
  standings.blocked,
]

/** The newest image decides; what needs an action comes before what needs attention. */
function cellOf(rows: readonly Row[]): Cell | undefined {
  const [newest] = rows
  if (newest === undefined) return undefined
  const { standing, base } = newest
  const isJudged = standing !== 'blocked' && standing !== 'unjudged'
  const look = isJudged && (base === 'moved' || base === 'gone') ? movedLook : standings[standing]
  return { look, rows }
}
