import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { publishHistory, publishPlan, publishRun, type ShowSettings } from '../../../src/command/show.ts'
import { remember } from '../../../src/edge/state.ts'
import {
  makeExcluded,
  makeFailure,
  makeOutcome,
  makePlan,
  makePlannedImage,
  makeRun,
} from '../../support/reports.ts'
import { noRetry } from '../../support/retry.ts'

const variables = ['GITHUB_OUTPUT', 'GITHUB_STATE'] as const
const before = new Map(variables.map((name) => [name, process.env[name]]))
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'show-'))
  for (const name of variables) {
    process.env[name] = join(folder, name)
    writeFileSync(join(folder, name), '')
  }
})

afterEach(() => {
  rmSync(folder, { recursive: true })
  for (const [name, value] of before) {
    if (value === undefined) Reflect.deleteProperty(process.env, name)
    else process.env[name] = value
  }
})

function settings(changes: Partial<ShowSettings> = {}): ShowSettings {
  return {
    workspace: { root: folder, private: folder, logs: folder },
    redact: (text) => text.replaceAll('aibrix', '***'),
    retry: noRetry,
    summary: true,
    summaryFile: join(folder, 'summary'),
    ...changes,
  }
}

/** @returns what the runner is told, a line each */
function commandsOf(action: () => void): string[] {
  const written: string[] = []
  const spy = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written.push(String(text))
    return true
  })
  try {
    action()
  } finally {
    spy.mockRestore()
  }
  return written
    .join('')
    .split('\n')
    .filter((line) => line.startsWith('::'))
}

const outputs = () => readFileSync(join(folder, 'GITHUB_OUTPUT'), 'utf8')
const failed = makeRun([makeFailure('pip found no wheel')])
const run = makeRun([makeOutcome()])

it('outputs are what they are, whatever is hidden elsewhere', () => {
  expect(commandsOf(() => publishRun(run, settings()))).toEqual([])
  expect(outputs()).toContain('aibrix/vllm-openai:v0.21.0-aibrix-v0.7.0-nixl-0.7.1-20251123')
  expect(outputs()).not.toContain('***')
  expect(readFileSync(join(folder, 'summary'), 'utf8')).toContain('***')
})

describe('a file of the runner that can not be written', () => {
  it.each([
    ['the job summary', { summaryFile: '/nowhere/summary' }, 'The job summary'],
    [
      'the file of the summary',
      { workspace: { root: '/nowhere', private: '', logs: '' } },
      'The file of the summary',
    ],
  ])('is a warning, and the rest is as it would be: %s', (_, changes, what) => {
    const [warning, ...others] = commandsOf(() => publishRun(failed, settings(changes)))
    expect(warning).toMatch(new RegExp(`^::warning::${what} can't be written: .*ENOENT: no such file`))
    expect(others).toHaveLength(1)
    expect(others[0]).toMatch(/^::error .*pip found no wheel/)
    expect(outputs()).toContain('changed')
  })

  it('is told after what failed, if it is that of the outputs', () => {
    process.env.GITHUB_OUTPUT = '/nowhere/output'
    const [error, warning, ...others] = commandsOf(() => publishRun(failed, settings()))
    expect(error).toMatch(/^::error .*pip found no wheel/)
    expect(warning).toContain(
      "::warning::An output can't be written: Missing file at path: /nowhere/output. Steps that follow",
    )
    expect(others).toEqual([])
    expect(readFileSync(join(folder, 'summary'), 'utf8')).toContain('pip found no wheel')
  })

  it('stops neither a plan nor the history', () => {
    const plan = makePlan([makePlannedImage()], { excluded: [makeExcluded()] })
    const shown = { plan, stored: { reference: 'plan.json', why: 'nothing is pushed' }, warnings: [] }
    const nowhere = settings({ summaryFile: '/nowhere/summary' })
    const runners = new Map([['linux/amd64', 'ubuntu-latest']])
    expect(commandsOf(() => publishPlan(shown, runners, nowhere))[0]).toContain('::warning::The job summary')
    expect(commandsOf(() => publishHistory('text', nowhere)).at(-1)).toContain('::warning::The job summary')
    expect(outputs()).toContain('plan.json')
  })

  it('stops nothing, if it is that of the state', () => {
    process.env.GITHUB_STATE = '/nowhere/state'
    expect(commandsOf(() => remember('builder', 'x'))[0]).toContain(
      "::warning::The state of the step can't be written: Missing file at path: /nowhere/state. If the run is cancelled",
    )
  })
})
