/** Where stage artifacts are kept: a folder for each name, `wheel-<key>` or `ucx-<key>` */
export type ArtifactStore = {
  /**
   * Puts what is kept under this name into a new folder.
   *
   * @returns whether there was anything
   * @throws UserError for one that is broken, or a store that can't be read
   */
  restore: (name: string, folder: string) => Promise<'restored' | 'absent'>
  /**
   * Keeps the folder under this name, in place of what was there.
   *
   * @throws UserError for a store that can't be written
   */
  save: (name: string, folder: string) => Promise<void>
  /** Where it is, for people: `registry/path:tag@sha256:…` once it was restored or saved; its name alone if left out */
  placeOf?: (name: string) => string
}
