import type { WorkflowEvent } from './context.ts'

/** Events that are about one tag, and whose tag is what a user wants built. */
const tagEvents = ['push', 'release']

/** What the event of a run says about the version of AIBrix. `event` is what happened, in words. */
export type EventTag =
  | { kind: 'none' }
  /** A release or a tag push in AIBrix's own repository */
  | { kind: 'aibrix'; tag: string }
  /** One in another repository, where a tag `v3.1` is not AIBrix's, nor does it ask for AIBrix's default */
  | { kind: 'elsewhere'; event: string }

/** @param aibrixRepository the input, a URL or a path */
export function eventTagOf(event: WorkflowEvent, aibrixRepository: string): EventTag {
  const { name, tag, repositoryUrl } = event
  if (!tagEvents.includes(name) || tag === undefined) return { kind: 'none' }
  if (normal(repositoryUrl) === normal(aibrixRepository)) return { kind: 'aibrix', tag }
  return {
    kind: 'elsewhere',
    event: `${name === 'release' ? 'a release' : 'a tag push'} in ${repositoryUrl}`,
  }
}

/**
 * GitHub's names of owners and repositories have no case, `.git` at the end of a URL means nothing, and a repository is the same by
 * https as by ssh.
 */
function normal(address: string): string {
  // `git@github.com:owner/name` is how git itself writes ssh.
  const written = address.replace(/^[\w.-]+@([\w.-]+):(?!\/)/, 'ssh://$1/')
  const url = URL.canParse(written) ? new URL(written) : undefined
  return (url ? `${url.hostname}:${url.port}${url.pathname}` : address)
    .toLowerCase()
    .replace(/\/+$/, '')
    .replace(/\.git$/, '')
}
