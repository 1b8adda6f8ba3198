/** Stores stage artifacts: a folder for each name, `<kind>-<key>`. */
export type ArtifactStore = {
  /**
   * Writes what is stored under this name to a new folder.
   * @throws UserError for invalid content, or a store that can't be read
   */
  restore: (name: string, folder: string) => Promise<'restored' | 'absent'>
  /** Stores or replaces the folder. @throws UserError if the store can't be written */
  save: (name: string, folder: string) => Promise<void>
  /** For people: `registry/path:tag`, with its digest once known. Default: its name */
  referenceOf?: (name: string) => string
}
