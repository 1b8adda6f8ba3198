import type { PlanRequest } from '../plan/index.ts'
import { lines } from './fields.ts'
import { type InputReader, quoted } from './problems.ts'
import { truthOf } from './yaml.ts'

type Overwriting = Pick<PlanRequest, 'publicTags' | 'overwritable'>

/**
 * Reads `overwrite-tags`: a boolean for all public tags, or some of the templates in `tags`, one per
 * line. Only tags of these may then be moved from a different image.
 * @param push whether anything is published
 */
export function readOverwriting(reader: InputReader, push: boolean): Overwriting {
  const all = truthOf(reader.read('overwrite-tags'))
  const overwritable = all === undefined ? readTemplates(reader) : []
  if (!push) return { publicTags: 'ignore', overwritable: [] }
  return { publicTags: all === true ? 'overwrite' : 'look', overwritable }
}

/** Compared as text, since a template of other words that gives the same tag may be a mistake. */
function readTemplates(reader: InputReader): string[] {
  const templates = lines(reader, 'tags')
  const given = lines(reader, 'overwrite-tags')
  const named = templates.map((template) => quoted(template)).join(', ')
  const use = `true, false, or a line for each of the tags that may be moved: ${named || 'none is given'}`
  if (given.length === 0) reader.refuse('overwrite-tags', use)
  for (const line of given) if (!templates.includes(line)) reader.refuse('overwrite-tags', use, quoted(line))
  return given
}
