/** Reads a text from its beginning, a piece at a time. */
export type Scanner = {
  /** @param pattern with the flag `y` @returns what it matches right here, and goes behind it; undefined if it does not */
  take: (pattern: RegExp) => RegExpExecArray | undefined
  isAtEnd: () => boolean
}

/** Headers are read this way in one pass, whatever a server sends: no pattern ever looks for its beginning. */
export function createScanner(text: string): Scanner {
  let position = 0
  return {
    take: (pattern) => {
      pattern.lastIndex = position
      const match = pattern.exec(text)
      if (match === null) return undefined
      position += match[0].length
      return match
    },
    isAtEnd: () => position === text.length,
  }
}
