/** Variables that an image gets beside those of its base: what they may be, wherever they come from. */

/** Characters. A line of a Dockerfile may have 64 KiB, and the determinants of a build id stand in a label. */
export const longestValue = 4096

/** Of POSIX, as every shell takes it. */
export function isVariableName(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(text)
}

/** @returns whether a value can stand on one line of a Dockerfile and arrive as it is */
export function isOneLine(value: string): boolean {
  // eslint-disable-next-line no-control-regex
  return value.isWellFormed() && !/[\u0000-\u0008\u000a-\u001f\u007f]/.test(value)
}
