import { type IsOrdinary, passwordsInAddresses } from '../system/index.ts'
import type { Source } from './fields.ts'
import type { Problems } from './problems.ts'

const assignment = /^([A-Za-z0-9_.-]+)=(.*)$/s
const opening = /^([A-Za-z0-9_.-]+)<<(\S+)$/

/** Ids that the action itself mounts. */
const reserved = new Set(['ca-certificates', 'package-index'])

/** What the steps of the Dockerfiles mount under other ids. */
export const mountedIds: ReadonlySet<string> = new Set(['git-credentials'])

const forms = 'id=value, or id<<END, lines, END'

/** A secret as it was given. `line` counts from 1; a problem says nothing of the text but its line. */
type Entry =
  | { line: number; form: 'one line' | 'several lines'; id: string; value: string }
  | { line: number; form: 'none'; problem: string }

/**
 * Build secrets: a line `id=value`, or `id<<END`, lines, `END` for a value of several lines (the form of GITHUB_ENV). What is
 * complained about is named by its line only, since it may be a secret.
 */
export function readSecrets(source: Source, name: string): Map<string, string> {
  const lineOf = new Map<string, number>()
  const secrets = new Map<string, string>()
  let before: Entry | undefined
  for (const entry of entriesOf(source.read(name))) {
    const complain = (what: string, allowed: string) =>
      source.problems.add(name, `line ${entry.line} (${what})`, allowed)
    if (entry.form === 'none') complain(entry.problem, forms)
    else if (before && couldContinue(before, entry))
      complain(
        `not shown; it may be a second line of the secret in line ${before.line}`,
        `id<<END, lines, END for a value of several lines, and for each secret after one that is given as id=value`,
      )
    // Base64 ends like this, and nobody's secret is an equals sign.
    else if (entry.value === '=') complain('not shown', forms)
    else if (reserved.has(entry.id))
      complain(`id ${entry.id}`, `another id; ${entry.id} is an input of its own`)
    else if (lineOf.has(entry.id))
      complain(`the id of line ${lineOf.get(entry.id) ?? 0} again`, 'each id once')
    else {
      lineOf.set(entry.id, entry.line)
      secrets.set(entry.id, mountedIds.has(entry.id) ? withoutBlanks(entry.value) : entry.value)
    }
    before = entry
  }
  return secrets
}

/** A secret that can't be masked without making references and the summary unreadable would be shown. */
export function refuseOrdinary(
  problems: Problems,
  name: string,
  secrets: ReadonlyMap<string, string>,
  isOrdinary: IsOrdinary,
): void {
  for (const [id, value] of secrets) {
    const texts = value.trim() === '' ? [] : [value, ...passwordsInAddresses(value)]
    if (texts.some(isOrdinary))
      problems.add(
        name,
        `what "${id}" has, too short or too ordinary to be masked,`,
        'at least 4 characters that are no usual word, no number and no part of an input that is shown; user names are no secrets',
      )
  }
}

/**
 * A value of several lines that was given as `id=value` goes on in the next line, which can look like a secret of its own
 * (`word=…`, base64 with `=` at its end). Then its beginning would be shown as an id, and the rest of it be left out. Only
 * what is meant for a step of ours can't be such a line.
 */
function couldContinue(before: Entry, entry: Extract<Entry, { id: string }>): boolean {
  return before.form === 'one line' && entry.form === 'one line' && !mountedIds.has(entry.id)
}

function entriesOf(text: string): Entry[] {
  const entries: Entry[] = []
  const lines = text.split('\n')
  // The line that ends a value may be a line of the value, too, and what follows it then is no secret of its own.
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

/** git takes a blank or a line end of Windows for a part of an address. */
function withoutBlanks(value: string): string {
  const lines = value.split('\n').map((line) => line.trim())
  return lines.filter((line) => line !== '').join('\n')
}
