// Summarises the results folder of script/test: the ten slowest test files, the failed steps, and,
// as the last line, `N passed, N failed`. A step is a jest project, the Python tests, or a check
// that counts as one.
import { existsSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

type Count = { passed: number; failed: number }
type Step = { name: string; failed: boolean }
type JestResult = {
  numPassedTests: number
  numFailedTests: number
  numRuntimeErrorTestSuites: number
  testResults: { name: string; startTime: number; endTime: number }[]
}

const projects = ['unit', 'integration', 'alone']
const [folder = ''] = process.argv.slice(2)

function readSteps(): Step[] {
  const lines = readFileSync(join(folder, 'steps'), 'utf8').trim().split('\n')
  return lines.map((line) => line.split(' ')).map(([end, name = '']) => ({ name, failed: end !== 'pass' }))
}

/** Undefined if jest ended without results */
function readJest(project: string): JestResult | undefined {
  const path = join(folder, `${project}.json`)
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as JestResult) : undefined
}

function countOf({ name }: Step): Count {
  if (name === 'python') return pythonCount(readFileSync(join(folder, 'python.log'), 'utf8'))
  if (!projects.includes(name)) return { passed: 1, failed: 0 }
  const result = readJest(name)
  // A file that cannot be loaded counts as one test
  return {
    passed: result?.numPassedTests ?? 0,
    failed: (result?.numFailedTests ?? 0) + (result?.numRuntimeErrorTestSuites ?? 0),
  }
}

/**
 * @param log ends with `Ran 12 tests in 0.3s` and `OK (skipped=1)` or `FAILED (failures=1,
 * errors=2)`
 */
function pythonCount(log: string): Count {
  const number = (pattern: RegExp) => Number(pattern.exec(log)?.[1] ?? 0)
  const failed = number(/^FAILED \(.*\bfailures=(\d+)/m) + number(/^FAILED \(.*\berrors=(\d+)/m)
  const ran = number(/^Ran (\d+) tests? in /m) - number(/^(?:OK|FAILED) \(.*\bskipped=(\d+)/m)
  return { passed: Math.max(0, ran - failed), failed }
}

function slowest(): string[] {
  const files = projects.flatMap((project) =>
    (readJest(project)?.testResults ?? []).map(({ name, startTime, endTime }) => ({
      name: relative('.', name),
      seconds: (endTime - startTime) / 1000,
    })),
  )
  const ten = files.sort((a, b) => b.seconds - a.seconds).slice(0, 10)
  return ten.map(({ name, seconds }) => `${seconds.toFixed(1).padStart(6)} s  ${name}`)
}

const steps = readSteps()
const counts = steps.map((step) => {
  const count = countOf(step)
  if (!step.failed || count.failed > 0) return count
  // It failed as a whole: a check, or a step without a failed test
  return { passed: projects.includes(step.name) ? count.passed : 0, failed: 1 }
})
const sum = (of: keyof Count) => counts.reduce((total, count) => total + count[of], 0)
const failed = steps.filter((step) => step.failed).map(({ name }) => name)

console.log(['The ten slowest test files:', ...slowest()].join('\n'))
if (failed.length > 0) console.log(`failed: ${failed.join(' ')}`)
console.log(`${sum('passed')} passed, ${sum('failed')} failed`)
process.exitCode = failed.length + sum('failed') === 0 ? 0 : 1
