import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withEnvironment, withoutAbsentSecrets } from '../../buildkit/index.ts'
import type { Machine } from './machine.ts'
import {
  type ArtifactKind,
  type Engine,
  engines,
  type Leg,
  recipeDigest,
  stageRecipe,
} from '../../plan/index.ts'

/** @returns sha256 (64 hexadecimal digits) over an engine's Dockerfile and the scripts */
export function readRecipe(dockerfiles: string, engine: Engine): string {
  const { dockerfile } = engines[engine]
  const files = readScripts(dockerfiles).set(dockerfile, readFileSync(join(dockerfiles, dockerfile)))
  return recipeDigest(new Map([...files].map(([path, content]) => [`/${path}`, content])))
}

/** @returns sha256 (64 hexadecimal digits) over what builds each stage artifact */
export function readStageRecipes(dockerfiles: string, engine: Engine): Record<ArtifactKind, string> {
  const dockerfile = readFileSync(join(dockerfiles, engines[engine].dockerfile), 'utf8')
  const scripts = readScripts(dockerfiles)
  const of = (kind: ArtifactKind) => stageRecipe(dockerfile, kind, scripts)
  return { extension: of('extension'), wheel: of('wheel'), ucx: of('ucx') }
}

/** @returns path below the folder of the Dockerfiles → content */
function readScripts(dockerfiles: string): Map<string, Buffer> {
  const entries = readdirSync(join(dockerfiles, 'scripts'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.pyc'))
    .map((entry) => join(entry.parentPath, entry.name))
  return new Map(entries.map((path) => [path.slice(join(dockerfiles, '/').length), readFileSync(path)]))
}

/**
 * Writes a leg's own Dockerfile: the engine's with the image's variables, and without the secrets
 * that the build is not given.
 * @param secrets ids of those that it is given
 * @returns its path
 */
export function dockerfileOf(
  { dockerfiles, workspace }: Pick<Machine, 'dockerfiles' | 'workspace'>,
  { id, engine, environment }: Pick<Leg, 'id' | 'engine' | 'environment'>,
  secrets: Iterable<string>,
): string {
  const text = readFileSync(join(dockerfiles, engines[engine].dockerfile), 'utf8')
  const own = join(workspace.root, `Dockerfile.${id}`)
  writeFileSync(own, withEnvironment(withoutAbsentSecrets(text, new Set(secrets)), environment))
  return own
}
