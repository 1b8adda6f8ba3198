import { type Component, components } from '../buildkit/index.ts'
import { addressOf, type Leg, type PinnedSource } from '../plan/index.ts'

/** @returns the components of a leg that have a source, with it */
export function sourcesOf(leg: Pick<Leg, Component>): { component: Component; source: PinnedSource }[] {
  return components.flatMap((component) => {
    const source = leg[component]
    return source ? [{ component, source }] : []
  })
}

/** @returns the ref under which a fetched source is stored */
export function refOf({ kind, ref }: PinnedSource): string {
  if (kind === 'tag') return `refs/tags/${ref}`
  return `refs/heads/${kind === 'branch' ? ref : 'source'}`
}

/**
 * Arguments of `git fetch` for a bare repository. A tag comes alone. A branch and a commit come
 * with their history and its tags, which setuptools-scm counts, and at the planned commit, wherever
 * the branch is by now.
 */
export function fetchArguments(source: PinnedSource): string[] {
  const ref = refOf(source)
  return source.kind === 'tag'
    ? fetchOf(source, ['--no-tags', '--depth=1'], `+${ref}:${ref}`)
    : fetchOf(source, ['--update-shallow'], `+${source.commit}:${ref}`)
}

/** For servers that give neither a single commit nor a part of the history (plain web servers). */
export function wholeFetchArguments(source: PinnedSource): string[] {
  const ref = refOf(source)
  return source.kind === 'tag'
    ? fetchOf(source, ['--no-tags'], `+${ref}:${ref}`)
    : fetchOf(source, ['--update-shallow', '--tags'], '+refs/heads/*:refs/remotes/origin/*')
}

function fetchOf({ repository }: PinnedSource, options: string[], refs: string): string[] {
  return ['fetch', '--quiet', ...options, '--', addressOf(repository), refs]
}

/** Whether git in a build step, which has no ssh and no path of this machine, can clone it. */
export function isReachableInBuild({ repository }: PinnedSource): boolean {
  return repository.kind === 'url' && /^(?:https?|git):\/\//i.test(repository.url)
}

/** @returns commands that create a bare repository with what a build needs of a source */
export function fetchCommands(folder: string, source: PinnedSource): string[][] {
  return [
    ['git', 'init', '--quiet', '--bare', folder],
    ['git', `--git-dir=${folder}`, ...fetchArguments(source)],
  ]
}
