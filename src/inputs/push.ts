import { choice, type Source } from './fields.ts'

/** Events that run code which nobody with write access has read yet. */
const unreviewedEvents = ['pull_request', 'pull_request_target', 'merge_group']

/** `auto` pushes except for a pull request. @returns undefined if the input is bad */
export function resolvePush(source: Source, event: string): boolean | undefined {
  const push = choice(source, 'push', ['auto', 'true', 'false'])
  return push === 'auto'
    ? !unreviewedEvents.includes(event)
    : push === undefined
      ? undefined
      : push === 'true'
}
