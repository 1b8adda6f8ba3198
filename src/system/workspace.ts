import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The folders of one run, under the runner's temporary folder. `private` holds credentials and build secrets and is removed
 * at the end, by `post` if need be; logs, facts and the summary stay.
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

/** Secrets reach BuildKit as files that only this user can read, never as arguments, which every process can list. */
export function writePrivateFile(workspace: Workspace, name: string, content: string): string {
  const path = join(workspace.private, name)
  writeFileSync(path, content, { mode: 0o600 })
  chmodSync(path, 0o600)
  return path
}

/** A program that was left when another one failed may still write a file there, which is gone on a second try. */
export function removePrivate(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}
