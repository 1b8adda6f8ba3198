import { quoted } from './problems.ts'

// YAML readers change unquoted words and numbers before the action gets them. GitHub's reads `true`
// in any case as a boolean and leaves `yes` and `off` alone; others do not. It rewrites numbers
// with 15 digits and without trailing zeros (.NET, "G15").

/** @returns the meaning of a boolean in YAML 1.1 or 1.2; undefined for any other text */
export function truthOf(text: string): boolean | undefined {
  if (/^(?:true|yes|on)$/i.test(text)) return true
  return /^(?:false|no|off)$/i.test(text) ? false : undefined
}

/** @returns whether YAML may have removed a zero: `0.1` may be 0.10, and `1` may be 1.0 */
export function mayLackZeros(text: string): boolean {
  return /^\d{1,15}(?:\.[1-9])?$/.test(text)
}

/** @returns such a number as `refuse` shows it */
export function lackingZeros(text: string): string {
  return `${quoted(text)}, which YAML also makes of an unquoted ${withZero(text)},`
}

/** `0.1` → `0.10`, `1` → `1.0` */
export function withZero(text: string): string {
  return text.includes('.') ? `${text}0` : `${text}.0`
}

/** @returns whether YAML has rounded a number, such as a commit: `1.23456789012346E+39` */
export function isRounded(text: string): boolean {
  return /^(?:-?\d(?:\.\d+)?E[+-]\d+|-?Infinity|NaN)$/.test(text)
}
