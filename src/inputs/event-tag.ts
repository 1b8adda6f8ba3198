import type { WorkflowEvent } from './context.ts'

/** Events that are about one tag, and whose tag is what a user wants built. */
const tagEvents = ['push', 'release']

/**
 * @param aibrixRepository the input, a URL or a path
 * @returns the tag of a release or a tag push in AIBrix's own repository; elsewhere a tag `v3.1` is not AIBrix's
 */
export function aibrixTagOf(event: WorkflowEvent, aibrixRepository: string): string | undefined {
  const isAibrix = normal(event.repositoryUrl) === normal(aibrixRepository)
  return tagEvents.includes(event.name) && isAibrix ? event.tag : undefined
}

/** GitHub's names of owners and repositories have no case, and `.git` at the end of a URL means nothing. */
function normal(url: string): string {
  return url
    .toLowerCase()
    .replace(/\/+$/, '')
    .replace(/\.git$/, '')
}
