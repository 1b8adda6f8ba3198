import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withEnvironment } from '../buildkit/index.ts'
import type { Machine } from './machine.ts'
import { engines, type Leg } from '../plan/index.ts'

/** @returns path of the Dockerfile for a leg: the engine's, or one of its own beside the logs where the image gets variables */
export function dockerfileOf(
  { dockerfiles, workspace }: Pick<Machine, 'dockerfiles' | 'workspace'>,
  { id, engine, environment }: Pick<Leg, 'id' | 'engine' | 'environment'>,
): string {
  const path = join(dockerfiles, engines[engine].dockerfile)
  if (Object.keys(environment).length === 0) return path
  const own = join(workspace.root, `Dockerfile.${id}`)
  writeFileSync(own, withEnvironment(readFileSync(path, 'utf8'), environment))
  return own
}
