import type { Retried } from '../../system/index.ts'
import type { Part } from '../fit.ts'
import { counted, escaped, folded } from '../markdown.ts'

/**
 * What was tried again, in a line that unfolds.
 * @param limit characters of one of them
 */
export function retriesPart(retried: readonly Retried[], limit: number): Part[] {
  const total = retried.reduce((sum, { times }) => sum + times, 0)
  if (total === 0) return []
  const title = `${total === 1 ? 'Once' : counted(total, 'time')} something was tried again`
  const lines = retried.map(({ problem, times }) => `- ${times} × ${escaped(problem, limit)}`)
  return [{ text: folded(title, lines.join('\n')), drop: 'retries' }]
}
