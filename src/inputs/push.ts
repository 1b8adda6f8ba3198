import type { WorkflowEvent } from './context.ts'
import { choice } from './fields.ts'
import type { InputReader } from './problems.ts'

/** Events that run code which nobody with write access has reviewed */
export const unreviewedEvents = ['pull_request', 'pull_request_target', 'merge_group']

/** The refs of pull requests; other events run there too, such as that of a review */
export const unreviewedRefs = 'refs/pull/'

/** Reads `push`; `auto` pushes unless the code is that of a pull request. */
export function resolvePush(reader: InputReader, { name, ref }: WorkflowEvent): boolean | undefined {
  const push = choice(reader, 'push', ['auto', 'true', 'false'])
  if (push === 'auto') return !unreviewedEvents.includes(name) && !ref.startsWith(unreviewedRefs)
  return push === undefined ? undefined : push === 'true'
}
