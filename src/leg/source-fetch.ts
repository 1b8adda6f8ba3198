import { type Component, components } from '../buildkit/index.ts'
import { addressOf, type Leg, type PinnedSource } from '../plan/index.ts'

/** @returns the components that a leg is built from, with their sources */
export function sourcesOf(leg: Pick<Leg, Component>): { component: Component; source: PinnedSource }[] {
  return components.flatMap((component) => {
    const source = leg[component]
    return source ? [{ component, source }] : []
  })
}

/** @returns the ref under which a fetched source is kept */
export function refOf({ kind, ref }: PinnedSource): string {
  if (kind === 'tag') return `refs/tags/${ref}`
  return `refs/heads/${kind === 'branch' ? ref : 'source'}`
}

/**
 * Arguments of `git fetch` for a bare repository. A tag comes alone; a branch and a commit come with their history and its tags,
 * which setuptools-scm counts, and as the commit that was planned, wherever the branch is by now.
 */
export function fetchArguments(source: PinnedSource): string[] {
  const ref = refOf(source)
  const address = addressOf(source.repository)
  if (source.kind === 'tag')
    return ['fetch', '--quiet', '--no-tags', '--depth=1', '--', address, `+${ref}:${ref}`]
  return ['fetch', '--quiet', '--update-shallow', '--', address, `+${source.commit}:${ref}`]
}

/** As `fetchArguments`, of servers that give neither a single commit nor a part of the history, such as plain web servers. */
export function wholeFetchArguments(source: PinnedSource): string[] {
  const ref = refOf(source)
  const address = addressOf(source.repository)
  if (source.kind === 'tag') return ['fetch', '--quiet', '--no-tags', '--', address, `+${ref}:${ref}`]
  const branches = '+refs/heads/*:refs/remotes/origin/*'
  return ['fetch', '--quiet', '--update-shallow', '--tags', '--', address, branches]
}

/** Whether git in a build step, which has no ssh and no path of this machine, can clone it. */
export function isReachableInBuild({ repository }: PinnedSource): boolean {
  return repository.kind === 'url' && /^(?:https?|git):\/\//i.test(repository.url)
}

/** @returns commands that make a bare repository in `folder` with what a build needs of a source */
export function fetchCommands(folder: string, source: PinnedSource): string[][] {
  return [
    ['git', 'init', '--quiet', '--bare', folder],
    ['git', `--git-dir=${folder}`, ...fetchArguments(source)],
  ]
}
