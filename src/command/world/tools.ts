import type { Inputs } from '../../inputs/index.ts'
import type { FetchSource } from '../../leg/index.ts'
import type { NixlIndex } from '../../plan/index.ts'
import type { RegistryClient } from '../../registry/index.ts'
import type { RunGit } from '../../system/index.ts'
import type { Machine } from './machine.ts'

/** What a command works with. */
export type Tools = {
  inputs: Inputs
  machine: Machine
  registry: RegistryClient
  /** Files of the build secrets: id → path */
  secretFiles: ReadonlyMap<string, string>
  nixl: NixlIndex
  git: RunGit
  fetchSource: FetchSource
}
