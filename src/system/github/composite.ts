import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * @param environment with GITHUB_ACTION_PATH, the folder of the composite action around this step
 * @returns that action's inputs in lower case; none without one, or if it cannot be read
 */
export function inputsOfCaller({ GITHUB_ACTION_PATH: folder }: NodeJS.ProcessEnv): ReadonlySet<string> {
  if (folder === undefined) return new Set()
  for (const file of ['action.yml', 'action.yaml'])
    try {
      return new Set(inputsIn(readFileSync(join(folder, file), 'utf8')))
    } catch {
      continue
    }
  return new Set()
}

/** @returns the keys directly below `inputs:`, in the usual form of actions */
function inputsIn(yaml: string): string[] {
  const block = /^inputs:[ \t]*(?:#.*)?\r?\n((?:[ \t].*\r?\n|#.*\r?\n|\r?\n)*)/m.exec(`${yaml}\n`)?.[1] ?? ''
  const keys = [...block.matchAll(/^([ \t]+)(["']?)([\w][\w -]*)\2[ \t]*:/gm)]
  const indent = keys[0]?.[1]
  return keys.flatMap(([, blanks, , name = '']) => (blanks === indent ? [name.toLowerCase()] : []))
}
