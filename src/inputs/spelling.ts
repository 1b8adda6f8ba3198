/** Letters by which an unknown name may differ from the one that it is a misspelling of. */
const near = 2

/** Names are short; a longer text is no misspelling of one. */
const longest = 60

/** @returns the name that another one is a misspelling of, if any */
export function nearest(name: string, names: readonly string[]): string | undefined {
  if (name.length > longest) return undefined
  const [first] = names
    .map((candidate) => ({ candidate, letters: distance(name, candidate) }))
    .filter(({ letters }) => letters <= near)
    .sort((left, right) => left.letters - right.letters)
  return first?.candidate
}

/** @returns how many letters are missing, extra, wrong or swapped (optimal string alignment) */
function distance(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, column) => column)]
  const at = (row: number, column: number): number => rows[row]?.[column] ?? Infinity
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row]
    rows.push(current)
    for (let column = 1; column <= to.length; column += 1) {
      const [one, other] = [from[row - 1], to[column - 1]]
      const isSwapped = one === to[column - 2] && from[row - 2] === other
      current[column] = Math.min(
        at(row - 1, column) + 1,
        at(row, column - 1) + 1,
        at(row - 1, column - 1) + (one === other ? 0 : 1),
        isSwapped ? at(row - 2, column - 2) + 1 : Infinity,
      )
    }
  }
  return at(from.length, to.length)
}
