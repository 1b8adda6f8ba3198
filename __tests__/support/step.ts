import { afterEach, beforeEach, jest } from '@jest/globals'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseFileCommands } from '../../src/terminal/file-commands.ts'

const files = ['OUTPUT', 'STATE', 'STEP_SUMMARY'] as const
const variables = files.map((name) => `GITHUB_${name}`)

export type Step = {
  /** RUNNER_TEMP */
  folder: string
  summaryFile: string
  /** The lines of its log so far, including commands to the runner (`::warning::…`) */
  log: () => string[]
  outputs: () => Record<string, string>
  state: () => Record<string, string>
  summary: () => string
}

/**
 * Creates, for each test, what a runner provides to a step. @returns a getter for use within a test
 */
export function useStep(): () => Step {
  let folder = ''
  let text = ''
  const fileOf = (name: (typeof files)[number]): string => join(folder, name)
  const read = (name: (typeof files)[number]): string => readFileSync(fileOf(name), 'utf8')
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'step-'))
    text = ''
    for (const name of files) {
      writeFileSync(fileOf(name), '')
      process.env[`GITHUB_${name}`] = fileOf(name)
    }
    jest.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
      text += String(chunk)
      return true
    })
  })
  afterEach(() => {
    jest.restoreAllMocks()
    for (const name of variables) Reflect.deleteProperty(process.env, name)
    rmSync(folder, { recursive: true })
  })
  return () => ({
    folder,
    summaryFile: fileOf('STEP_SUMMARY'),
    log: () => text.split('\n').slice(0, -1),
    outputs: () => parseFileCommands(read('OUTPUT')),
    state: () => parseFileCommands(read('STATE')),
    summary: () => read('STEP_SUMMARY'),
  })
}
