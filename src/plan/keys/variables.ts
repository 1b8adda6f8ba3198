/** Variables that an image gets beside those of its base: what they may be, wherever they come from. */

/** Characters. A line of a Dockerfile may have 64 KiB, and the determinants of a build id stand in a label. */
export const longestValue = 4096

/** Of POSIX, as every shell takes it. */
export function isVariableName(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(text)
}

/** Line breaks, control characters but a tab, and what is not seen where a value is shown, such as a mark that reorders what follows */
const unseen = /(?!\t)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

/** @returns whether a value can stand on one line, in a Dockerfile and in a command to copy, and arrive as it is */
export function isOneLine(value: string): boolean {
  return !unseen.test(value)
}
