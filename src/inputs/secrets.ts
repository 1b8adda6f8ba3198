import { type IsOrdinary, passwordsInAddresses } from '../system/index.ts'
import { parts } from './fields.ts'
import type { InputReader } from './problems.ts'

const assignment = /^([A-Za-z0-9_.-]+)=(.*)$/s
const opening = /^([A-Za-z0-9_.-]+)<<(\S+)$/

/** Names of inputs that a user may take for ids */
const reserved = new Set(['ca-certificates', 'package-index'])

/** Further ids that the Dockerfiles mount */
export const mountedIds: ReadonlySet<string> = new Set(['git-credentials'])

const forms = 'id=value, or id<<END, lines, END'

/** A secret as it was given. `line` counts from 1; `problem` shows nothing of the text. */
type Entry =
  | { line: number; form: 'one line' | 'several lines'; id: string; value: string }
  | { line: number; form: 'none'; problem: string }

/**
 * Reads `secrets`: a line `id=value`, or `id<<END`, lines, `END` for a value of several lines (the
 * form of GITHUB_ENV). A bad entry is named by its line only, since its text may be a secret.
 */
export function readSecrets(reader: InputReader): Map<string, string> {
  const lineOf = new Map<string, number>()
  const secrets = new Map<string, string>()
  let before: Entry | undefined
  for (const entry of entriesOf(reader.read('secrets'))) {
    const refuse = (what: string, use: string) =>
      reader.refuse('secrets', use, `line ${entry.line} (${what})`)
    if (entry.form === 'none') refuse(entry.problem, forms)
    else if (before && couldContinue(before, entry))
      refuse(
        `not shown; it may be a second line of the secret in line ${before.line}`,
        'id<<END, lines, END for a value of several lines, and for each secret after one that is given as id=value',
      )
    // The end of base64; no secret is an equals sign.
    else if (entry.value === '=') refuse('not shown', forms)
    else if (reserved.has(entry.id))
      refuse(`id ${entry.id}`, `another id; ${entry.id} is an input of its own`)
    else if (lineOf.has(entry.id)) refuse(`the id of line ${lineOf.get(entry.id) ?? 0} again`, 'each id once')
    else {
      lineOf.set(entry.id, entry.line)
      // git reads blanks and Windows line ends as part of an address.
      const withoutBlanks = parts(entry.value, '\n').join('\n')
      secrets.set(entry.id, mountedIds.has(entry.id) ? withoutBlanks : entry.value)
    }
    before = entry
  }
  return secrets
}

/** Refuses secrets that cannot be masked without making references and the summary unreadable. */
export function refuseOrdinary(
  reader: InputReader,
  secrets: ReadonlyMap<string, string>,
  isOrdinary: IsOrdinary,
): void {
  for (const [id, value] of secrets) {
    const texts = value.trim() === '' ? [] : [value, ...passwordsInAddresses(value)]
    if (texts.some(isOrdinary))
      reader.refuse(
        'secrets',
        'at least 4 characters that are not a common word, a number or part of an input that is shown; a user name is not a secret',
        `the value of "${id}", which is too short or too common to be masked,`,
      )
  }
}

/**
 * @returns whether an entry may be the second line of the one before it. A value of several lines
 *   that was given as `id=value` continues in a line that can look like a secret of its own
 *   (`word=…`, base64 with `=` at its end). Its beginning would be shown as an id, and the rest
 *   would be lost. Only the ids that our steps mount are certain.
 */
function couldContinue(before: Entry, entry: Extract<Entry, { id: string }>): boolean {
  return before.form === 'one line' && entry.form === 'one line' && !mountedIds.has(entry.id)
}

function entriesOf(text: string): Entry[] {
  const entries: Entry[] = []
  const lines = text.split('\n')
  // An end marker may also be a line of its value; then what follows it is no secret of its own.
  const ends = new Set<string>()
  for (let index = 0; index < lines.length; index += 1) {
    const [raw = '', line] = [lines[index], index + 1]
    const content = withoutReturn(raw)
    if (content.trim() === '') continue
    const [, block, end = ''] = opening.exec(content) ?? []
    const [, id, value = ''] = assignment.exec(content) ?? []
    if (ends.has(content))
      entries.push({ line, form: 'none', problem: 'the end of a value that has ended before' })
    else if (block !== undefined) {
      const last = lines.findIndex((other, at) => at > index && withoutReturn(other) === end)
      if (last < 0) return [...entries, { line, form: 'none', problem: 'its end marker is missing' }]
      const between = lines.slice(index + 1, last)
      const own = content === raw ? between : between.map(withoutReturn)
      entries.push({ line, form: 'several lines', id: block, value: own.join('\n') })
      ends.add(end)
      index = last
    } else if (id !== undefined) entries.push({ line, form: 'one line', id, value })
    else entries.push({ line, form: 'none', problem: 'not shown' })
  }
  return entries
}

function withoutReturn(line: string): string {
  return line.replace(/\r$/, '')
}
