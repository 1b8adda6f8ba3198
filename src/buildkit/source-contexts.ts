/** What has a source of its own, and the named context in which the Dockerfiles take it. */
export const sourceContexts = { aibrix: 'aibrix-source', ucx: 'ucx-source' } as const
export type Component = keyof typeof sourceContexts
export const components: readonly Component[] = ['aibrix', 'ucx']

/** Folders with a bare repository each, which take the place of the repositories that are cloned in the build. */
export type SourceFolders = Partial<Record<Component, string>>
