import type { WorkflowEvent } from './context.ts'

/** Events about one tag, which is the version that the user wants built. */
const tagEvents = ['push', 'release']

/** What the event of a run implies for the version of AIBrix. */
export type EventTag =
  | { kind: 'none' }
  /** A release or a tag push in AIBrix's own repository */
  | { kind: 'aibrix'; tag: string }
  /** One elsewhere, whose tag `v3.1` is no version of AIBrix. `event` names it in words */
  | { kind: 'elsewhere'; event: string }

/** @param aibrixRepository the input, a URL or a path */
export function eventTagOf(event: WorkflowEvent, aibrixRepository: string): EventTag {
  const { name, tag, repositoryUrl } = event
  if (!tagEvents.includes(name) || tag === undefined) return { kind: 'none' }
  if (normalised(repositoryUrl) === normalised(aibrixRepository)) return { kind: 'aibrix', tag }
  return {
    kind: 'elsewhere',
    event: `${name === 'release' ? 'a release' : 'a tag push'} in ${repositoryUrl}`,
  }
}

/**
 * @returns one spelling of a repository's address. GitHub's owners and names have no case, `.git`
 *   at the end of a URL means nothing, and https and ssh reach the same repository.
 */
function normalised(address: string): string {
  // `git@github.com:owner/name` is how git itself writes ssh.
  const written = address.replace(/^[\w.-]+@([\w.-]+):(?!\/)/, 'ssh://$1/')
  const url = URL.canParse(written) ? new URL(written) : undefined
  return (url ? `${url.hostname}:${url.port}${url.pathname}` : address)
    .toLowerCase()
    .replace(/\/+$/, '')
    .replace(/\.git$/, '')
}
