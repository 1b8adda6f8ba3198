import { afterAll, beforeAll } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { standInInputs } from '../../stand-ins/action-inputs.ts'
import { serveIndex } from '../../stand-ins/index-server.ts'
import { prepare, type StandIns } from '../../stand-ins/prepare.ts'
import { registry } from './action.ts'
import { rememberIndex } from './pip-memory.ts'

export type StandInWorld = {
  standIns: StandIns
  /** Inputs of a run on the stand-ins; it publishes under a namespace of this test file */
  inputs: (more?: Record<string, string>) => Record<string, string>
  namespace: string
  close: () => Promise<void>
}

/** Milliseconds that building the stand-ins may take on a fresh machine */
const fromNothing = 600_000

/** Prepares the stand-ins before the tests of a file. @returns a getter for use within a test */
export function useStandIns(): () => StandInWorld {
  let world: StandInWorld | undefined
  beforeAll(async () => {
    world = await openStandIns()
  }, fromNothing)
  afterAll(() => world?.close())
  return () => {
    if (!world) throw new Error('the stand-ins are there only within a test')
    return world
  }
}

/** Builds missing stand-ins, and serves their package index. */
async function openStandIns(): Promise<StandInWorld> {
  const standIns = await prepare({ registry, cache: resolve('.cache/stand-ins'), log: () => undefined })
  const server = await serveIndex(standIns.index)
  rememberIndex(server.url, standIns.index)
  const namespace = `test-${randomBytes(4).toString('hex')}`
  const common: Record<string, string> = {
    ...standInInputs(standIns, server.url),
    namespace,
    // The default is the base's NIXL, which must be measured first: nixl-of-bases.test.ts.
    'nixl-version': '0.7.1',
    date: '20251123',
  }
  return { standIns, inputs: (more = {}) => ({ ...common, ...more }), namespace, close: server.close }
}

/** Writes a stand-in for a program into a folder that comes first on PATH. @returns the PATH */
export function withProgram(folder: string, name: string, script: string): string {
  writeFileSync(join(folder, name), script, { mode: 0o755 })
  return `${folder}:${process.env.PATH ?? ''}`
}
