import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { recipeDigest } from '../../plan/index.ts'

/** Folders below that of the Dockerfiles whose scripts measure an image */
const folders = ['scripts/common', 'scripts/measure', 'gpu']

/**
 * What was measured with other scripts may miss what these find: a verification counts for the scripts
 * that made it.
 * @returns 12 hexadecimal digits over the scripts that measure
 */
export function measuringScripts(dockerfiles: string): string {
  const files = folders.flatMap((folder) =>
    readdirSync(join(dockerfiles, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.endsWith('.pyc'))
      .map((entry) => join(entry.parentPath, entry.name)),
  )
  const contents = files.map((path) => [relative(dockerfiles, path), readFileSync(path)] as const)
  return recipeDigest(new Map(contents)).slice(0, 12)
}
