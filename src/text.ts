const units = ['B', 'KB', 'MB', 'GB', 'TB']

/** @returns a size as registries show it, in powers of 1000: `58.1 MB` */
export function humanBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1
  return `${value.toFixed(digits)} ${units[unit] ?? ''}`
}

/** @returns `0.4 s`, `12.3 s`, `2 min 5 s`, `1 h 3 min` */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1000
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  const minutes = Math.round(whole / 60)
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** Joins up to `most` items and counts the rest. */
export function listed(items: readonly string[], most = 5): string {
  if (items.length === 0) return 'none'
  const rest = items.length - most
  return items.slice(0, most).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}

/** @returns the name of a Python distribution as PEP 503 normalizes it */
export function normalizedName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-')
}

/** @returns a sentence as a reason, so that a longer sentence can end with it */
export function withoutFullStop(sentence: string): string {
  return sentence.replace(/\.$/, '')
}

/** @returns foreign text as one short line, without control and invisible characters */
export function excerpt(text: string, limit = 200): string {
  const clean = text
    .slice(0, limit * 4)
    .replace(/[\p{C}\p{Z}]+/gu, ' ')
    .trim()
  return clean.length > limit ? `${clean.slice(0, limit - 1)}…` : clean
}

/** Terminals' escape sequences (ECMA-48): CSI (colours, cursor), OSC (titles, links), short ones */
// eslint-disable-next-line no-control-regex
const escapes = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\^_])/g
// eslint-disable-next-line no-control-regex
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029]/g
/** Most lines need no cleaning; this one test keeps them cheap. */
// eslint-disable-next-line no-control-regex
const special = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029]|##\[/

/**
 * @returns a line that a program printed, harmless in a log: without escape sequences, control
 *   characters and workflow commands, and with the last state only of a progress bar that redraws
 *   itself (`\r`). The runner reads `##[` as a command anywhere in a line (actions/runner,
 *   ActionCommand.TryParse), but `::` only at its start, where our lines name the step.
 * @param limit characters that are kept
 */
export function logLine(text: string, limit = 2000): string {
  if (text.length <= limit && !special.test(text)) return text.trimEnd()
  const states = text.split('\r').filter((state) => state.trim() !== '')
  const clean = (states.at(-1) ?? '')
    .slice(0, 2 * limit)
    .replace(escapes, '')
    .replace(controls, '')
    .replaceAll('##[', '## [')
    .trimEnd()
  return clean.length > limit ? `${clean.slice(0, limit)} …` : clean
}
