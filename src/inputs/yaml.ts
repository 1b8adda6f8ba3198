import { quoted } from './problems.ts'

/**
 * What YAML makes of a word or number without quotes, before it gets here. GitHub reads `true` in any case for a boolean and leaves `yes`
 * and `off` as they are, other readers don't; numbers it writes anew, with 15 digits and no zeros at their end (.NET, "G15").
 */

/** @returns what a word for a boolean means in YAML 1.1 or 1.2, undefined if it is none */
export function truthOf(text: string): boolean | undefined {
  if (/^(?:true|yes|on)$/i.test(text)) return true
  return /^(?:false|no|off)$/i.test(text) ? false : undefined
}

/** @returns whether a number without quotes looks like this that was another text: `0.1` may be 0.10, and `1` may be 1.0 */
export function mayLackZeros(text: string): boolean {
  return /^\d{1,15}(?:\.[1-9])?$/.test(text)
}

/** @returns such a number as a problem says that it was given */
export function lackingZeros(text: string): string {
  return `${quoted(text)}, which without quotes YAML also makes of ${withZero(text)},`
}

/** `0.1` → `0.10`, `1` → `1.0` */
export function withZero(text: string): string {
  return text.includes('.') ? `${text}0` : `${text}.0`
}

/** @returns whether this is a number that had more digits, such as a commit of digits alone: `1.23456789012346E+39` */
export function isRounded(text: string): boolean {
  return /^(?:-?\d(?:\.\d+)?E[+-]\d+|-?Infinity|NaN)$/.test(text)
}
