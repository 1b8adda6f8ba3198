/** In characters: a line of a Dockerfile may have 64 KiB, and a label holds all determinants. */
export const longestValue = 4096

/** POSIX names, which every shell accepts. */
export const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/

/**
 * Values that survive a line of a Dockerfile and a command to copy: without line breaks, control
 * characters other than a tab, and characters that are not visible, such as a mark that reorders
 * what follows.
 */
export const oneLine = /^(?:\t|[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}])*$/u
