import type { Source } from './fields.ts'

const single = /^([A-Za-z0-9_.-]+)=(.*)$/s
const heredoc = /^([A-Za-z0-9_.-]+)<<(\S+)$/

/** Ids that the action itself mounts. */
const reserved = new Set(['ca-certificates', 'package-index'])

/**
 * Build secrets: a line `id=value` each, or `id<<END`, lines, `END` for a value of several lines (the form of GITHUB_ENV).
 * A malformed line is complained about by its number only, since it may hold a secret.
 */
export function readSecrets(source: Source, name: string): Map<string, string> {
  const secrets = new Map<string, string>()
  const text = source.read(name).split('\n')
  for (let index = 0; index < text.length; index += 1) {
    const line = (text[index] ?? '').replace(/\r$/, '')
    if (line.trim() === '') continue
    const start = `line ${index + 1}`
    const opening = heredoc.exec(line)
    const assignment = opening ?? single.exec(line)
    const id = assignment?.[1]
    let value = assignment?.[2] ?? ''
    if (opening) {
      const end = text.findIndex((candidate, at) => at > index && candidate.replace(/\r$/, '') === opening[2])
      if (end < 0) {
        source.problems.add(name, `${start} (its end marker is missing)`, 'id=value, or id<<END, lines, END')
        break
      }
      value = text.slice(index + 1, end).join('\n')
      index = end
    }
    if (id === undefined)
      source.problems.add(name, `${start} (not shown)`, 'id=value, or id<<END, lines, END')
    else if (reserved.has(id))
      source.problems.add(
        name,
        `${start} (id ${id})`,
        `other ids than ${[...reserved].join(', ')}, which are inputs`,
      )
    else if (secrets.has(id)) source.problems.add(name, `${start} (id ${id} again)`, 'each id once')
    else secrets.set(id, value)
  }
  return secrets
}
