import type { WorkflowEvent } from './context.ts'
import { choice, type Source } from './fields.ts'

/** Events that run code which nobody with write access has read yet. */
export const unreviewedEvents = ['pull_request', 'pull_request_target', 'merge_group']

/** The refs of pull requests, at which other events run, too, such as that of a review. */
export const unreviewedRefs = 'refs/pull/'

/** `auto` pushes except for a pull request. @returns undefined if the input is bad */
export function resolvePush(source: Source, { name, ref }: WorkflowEvent): boolean | undefined {
  const push = choice(source, 'push', ['auto', 'true', 'false'])
  if (push === 'auto') return !unreviewedEvents.includes(name) && !ref.startsWith(unreviewedRefs)
  return push === undefined ? undefined : push === 'true'
}
