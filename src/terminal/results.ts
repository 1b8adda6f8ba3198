import { jsonOf } from '../json.ts'
import type { Definition } from './definition.ts'
import type { Screen } from './paint.ts'
import { padded } from './wrap.ts'

type Outputs = Readonly<Record<string, string>>

/** @returns the outputs as one JSON object; those that are JSON by action.yml are no strings in it */
export function outputsAsJson(outputs: Outputs, { jsonOutputs }: Definition): string {
  const entries = Object.entries(outputs).map(([name, value]) => [
    name,
    jsonOutputs.includes(name) ? (jsonOf(value) ?? value) : value,
  ])
  return `${JSON.stringify(Object.fromEntries(entries), undefined, 2)}\n`
}

/**
 * @param isEmptyFolder whether a path is a folder without content, such as the logs of a run that
 *   built nothing
 * @returns the outputs that are of use to people: those that are not JSON, and in the summary anyway
 */
export function outputsForPeople(
  outputs: Outputs,
  { jsonOutputs }: Definition,
  { paint }: Pick<Screen, 'paint'>,
  isEmptyFolder: (path: string) => boolean,
): string {
  const shown = Object.entries(outputs).filter(
    ([name, value]) =>
      value !== '' && !jsonOutputs.includes(name) && !(name.endsWith('-path') && isEmptyFolder(value)),
  )
  const width = Math.max(...shown.map(([name]) => name.length))
  return shown.map(([name, value]) => `${paint('dim', padded(name, width))}  ${value}\n`).join('')
}
