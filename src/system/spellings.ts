/** Characters of base64 that are the same whatever stands before and behind; fewer of them say nothing. */
const shortestCore = 8

/** Characters; tokens of registries and git have up to 100, keys 64 or more a line. */
const longestPassword = 63

/** Entities that have a name. */
const entities: Record<string, string> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot', "'": 'apos' }

/** What JSON writes with a letter. */
const escapes: Record<string, string> = { '\n': 'n', '\r': 'r', '\t': 't', '\b': 'b', '\f': 'f' }

/**
 * A pattern for a text in every spelling of git, pip, curl, docker, JSON, HTML and shells, each of which writes other characters
 * in another way: as they are, behind a backslash, `%2f` and `%2F`, `\u002f`, `&#47;`.
 * @returns undefined for a text that all of them write as it is
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
 * @returns the base64 of a text, as it is and for URLs; also what is left of it where the text is a part of what was encoded, such as
 *   the password of `user:password`, at each of the three places at which it can begin
 */
export function base64Of(text: string): string[] {
  const whole = Buffer.from(text).toString('base64')
  // What is longer is a line of a key and no password; looking for all of them would take longer than the build's output.
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

/** @returns the spellings that a runner is told, which knows no patterns (it adds some of its own) */
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
