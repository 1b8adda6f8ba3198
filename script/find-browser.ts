// The browser for the tests of the HTML page and for pictures: the one that the variable CHROME
// names, else the first on the PATH. Run by itself, it starts it and prints its version.
import { execFileSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** On Ubuntu, chromium-browser may be a script that says to install a snap: it comes last. */
const names = ['google-chrome', 'google-chrome-stable', 'chromium', 'chromium-browser']

/** @returns its path @throws Error if there is none */
export function findBrowser(variables: NodeJS.ProcessEnv = process.env): string {
  if (variables.CHROME) return variables.CHROME
  const folders = (variables.PATH ?? '').split(delimiter)
  const paths = names.flatMap((name) => folders.map((folder) => join(folder, name)))
  const found = paths.find(isExecutable)
  if (found === undefined)
    throw new Error(`No browser is on the PATH (${names.join(', ')}); set CHROME to the path of one.`)
  return found
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    // It does not exist, or is not ours to run.
    return false
  }
}

if (import.meta.main)
  console.log(execFileSync(findBrowser(), ['--version', '--no-sandbox'], { encoding: 'utf8' }).trim())
