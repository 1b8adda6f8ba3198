import { expect, it } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

type Jest = {
  passed: number
  failed?: number
  unreadable?: number
  files?: [name: string, seconds: number][]
}

/** Runs script/count-tests.ts on the files that script/test would leave. */
function count(
  steps: string[],
  results: { jest?: Record<string, Jest>; python?: string } = {},
): { lines: string[]; code: number | null } {
  const folder = mkdtempSync(join(tmpdir(), 'results-'))
  writeFileSync(join(folder, 'steps'), steps.map((step) => `${step} 1\n`).join(''))
  if (results.python !== undefined) writeFileSync(join(folder, 'python.log'), results.python)
  for (const [project, { passed, failed = 0, unreadable = 0, files = [] }] of Object.entries(
    results.jest ?? {},
  )) {
    const testResults = files.map(([name, seconds]) => ({
      name: resolve(name),
      startTime: 1e12,
      endTime: 1e12 + seconds * 1000,
    }))
    const counts = {
      numPassedTests: passed,
      numFailedTests: failed,
      numRuntimeErrorTestSuites: unreadable,
    }
    writeFileSync(join(folder, `${project}.json`), JSON.stringify({ ...counts, testResults }))
  }
  const { stdout, status } = spawnSync(process.execPath, ['script/count-tests.ts', folder], {
    encoding: 'utf8',
  })
  return { lines: stdout.trimEnd().split('\n').slice(1), code: status }
}

const ran = (tests: number, end: string) => `..\n-----\nRan ${tests} tests in 0.012s\n\n${end}\n`

it('adds up checks, the tests of each lane, and the Python tests', () => {
  const { lines, code } = count(
    ['pass eslint', 'pass python', 'pass unit', 'pass integration', 'pass alone'],
    {
      jest: { unit: { passed: 10 }, integration: { passed: 20 }, alone: { passed: 30 } },
      python: ran(7, 'OK (skipped=1)'),
    },
  )
  expect({ lines, code }).toEqual({ lines: ['67 passed, 0 failed'], code: 0 })
})

it.each<[string, string[], Parameters<typeof count>[1], string]>([
  ['a check', ['pass types', 'FAIL eslint'], {}, '1 passed, 1 failed'],
  ['a test', ['FAIL unit'], { jest: { unit: { passed: 5, failed: 2 } } }, '5 passed, 2 failed'],
  [
    'a test file that cannot be loaded',
    ['FAIL alone'],
    { jest: { alone: { passed: 5, unreadable: 1 } } },
    '5 passed, 1 failed',
  ],
  [
    'a lane whose tests passed but that exited with an error',
    ['FAIL unit'],
    { jest: { unit: { passed: 5 } } },
    '5 passed, 1 failed',
  ],
  ['a lane that ended without results', ['pass types', 'FAIL integration'], {}, '1 passed, 1 failed'],
  [
    'a Python test',
    ['FAIL python'],
    { python: ran(9, 'FAILED (failures=1, errors=2, skipped=2)') },
    '4 passed, 3 failed',
  ],
  [
    'Python itself',
    ['FAIL python'],
    { python: 'ImportError: Start directory is not importable' },
    '0 passed, 1 failed',
  ],
])('%s that fails is counted and named, and the exit code is 1', (_, steps, results, last) => {
  const { lines, code } = count(steps, results)
  const failed = steps.flatMap((step) => (step.startsWith('FAIL ') ? [step.slice(5)] : []))
  expect({ lines, code }).toEqual({ lines: [`failed: ${failed.join(' ')}`, last], code: 1 })
})

it('names the ten slowest files of all lanes', () => {
  const files = Array.from({ length: 12 }, (_, index): [string, number] => [
    `__tests__/${index}.test.ts`,
    index,
  ])
  const { lines } = count(['pass unit', 'pass alone'], {
    jest: { unit: { passed: 1, files: files.slice(0, 6) }, alone: { passed: 1, files: files.slice(6) } },
  })
  expect(lines).toHaveLength(11)
  expect(lines[0]).toBe('  11.0 s  __tests__/11.test.ts')
  expect(lines[9]).toBe('   2.0 s  __tests__/2.test.ts')
})
