import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The folders of one run, in the runner's temporary folder. `private` holds credentials and build
 * secrets and is removed at the end, if necessary by `post`; logs, facts and the summary stay.
 */
export type Workspace = { root: string; private: string; logs: string }

export function createWorkspace(temporaryFolder: string): Workspace {
  mkdirSync(temporaryFolder, { recursive: true })
  const root = mkdtempSync(join(temporaryFolder, 'image-action-'))
  const workspace = { root, private: join(root, 'private'), logs: join(root, 'logs') }
  mkdirSync(workspace.private, { mode: 0o700 })
  mkdirSync(workspace.logs)
  return workspace
}

/** Writes a file that only this user can read; arguments are visible to every process. */
export function writePrivateFile(workspace: Workspace, name: string, content: string): string {
  const path = join(workspace.private, name)
  writeFileSync(path, content, { mode: 0o600 })
  chmodSync(path, 0o600)
  return path
}

/** Removes the folder, with retries, since a leftover program may still write into it. */
export function removePrivate(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}
