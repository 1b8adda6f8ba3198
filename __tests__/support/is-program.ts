import { accessSync, constants } from 'node:fs'

/** Returns whether a file exists that this user may run. */
export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
