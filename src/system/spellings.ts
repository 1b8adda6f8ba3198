/** The least characters of base64, independent of their surroundings, that identify a text */
const shortestCore = 8

/** Characters; longer texts are lines of keys, which have 64 or more. */
const longestPassword = 63

/** Entities with a name */
const entities: Record<string, string> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot', "'": 'apos' }

/** Characters that JSON escapes with a letter */
const escapes: Record<string, string> = { '\n': 'n', '\r': 'r', '\t': 't', '\b': 'b', '\f': 'f' }

/**
 * A pattern for a text in every spelling of git, pip, curl, docker, JSON, HTML and shells. They
 * write special characters literally, after a backslash, as `%2f` or `%2F`, as `\u002f`, or as
 * `&#47;`.
 * @returns undefined for a text without special characters
 */
export function anySpelling(text: string): RegExp | undefined {
  if (/^[A-Za-z0-9]*$/.test(text)) return undefined
  return new RegExp(Array.from(text, spellingsOf).join(''), 'g')
}

function spellingsOf(character: string): string {
  if (/[A-Za-z0-9]/.test(character)) return character
  const literal = `\\\\?${character.replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&')}`
  const percent = [...Buffer.from(character)].map((byte) => `%${anyCase(hex(byte, 2))}`).join('')
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index))
  const unicode = units.map((unit) => `\\\\u${anyCase(hex(unit, 4))}`).join('')
  const code = character.codePointAt(0) ?? 0
  const entity = [`#0*${code}`, `#[xX]0*${anyCase(code.toString(16))}`, entities[character] ?? []].flat()
  const escape = escapes[character]
  const others = [...(escape === undefined ? [] : [`\\\\${escape}`]), ...(character === ' ' ? ['\\+'] : [])]
  return `(?:${[percent, unicode, `&(?:${entity.join('|')});`, ...others, literal].join('|')})`
}

function hex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, '0')
}

function anyCase(digits: string): string {
  return digits.replace(/[a-f]/g, (letter) => `[${letter}${letter.toUpperCase()}]`)
}

/**
 * @returns the base64 of a text, in the standard and the URL alphabet; also the characters that it
 *   contributes to the base64 of a longer text, such as the password to `user:password`, at each of
 *   the three possible offsets
 */
export function base64Of(text: string): string[] {
  const whole = Buffer.from(text).toString('base64')
  // A longer text is a line of a key; searching for all its shifts would slow the output down.
  const shifts = text.length > longestPassword ? [] : [0, 1, 2]
  const parts = [whole.replace(/=+$/, ''), ...shifts.map((shift) => coreOf(text, shift))]
  const all = [whole, ...parts.filter((part) => part.length >= shortestCore)]
  return [...new Set(all.flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]))]
}

function coreOf(text: string, shift: number): string {
  const bytes = Buffer.concat([Buffer.alloc(shift), Buffer.from(text)])
  const complete = Math.floor((bytes.length * 8) / 6)
  return bytes.toString('base64').slice(Math.ceil((shift * 8) / 6), complete)
}

/** @returns the spellings for the runner, which cannot match patterns (it adds some of its own) */
export function plainSpellings(text: string): string[] {
  const encoded = encodeURIComponent(text)
  const strict = encoded.replace(
    /[!'()*]/g,
    (character) => `%${hex(character.charCodeAt(0), 2).toUpperCase()}`,
  )
  const python = strict.replaceAll('%2F', '/')
  const lower = strict.replace(/%../g, (byte) => byte.toLowerCase())
  const json = JSON.stringify(text).slice(1, -1)
  return [...new Set([text, encoded, strict, python, lower, json, ...base64Of(text)])]
}
