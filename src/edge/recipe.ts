import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { recipeDigest } from '../plan/build-id.ts'
import { type Engine, engines } from '../plan/engine.ts'

/** @returns sha256 (64 hexadecimal digits) over what an engine's image is made with: its Dockerfile and the scripts */
export function readRecipe(dockerfiles: string, engine: Engine): string {
  const { dockerfile } = engines[engine]
  const scripts = readdirSync(join(dockerfiles, 'scripts'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.pyc'))
    .map((entry) => join(entry.parentPath, entry.name))
  const paths = [join(dockerfiles, dockerfile), ...scripts]
  return recipeDigest(new Map(paths.map((path) => [path.slice(dockerfiles.length), readFileSync(path)])))
}
