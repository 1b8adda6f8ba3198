// Adds up what script/test ran: the checks and the tests of each jest project. Prints `N passed, N failed`.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

type JestResult = {
  numPassedTests: number
  numFailedTests: number
  numFailedTestSuites: number
  numRuntimeErrorTestSuites: number
}

const [folder = '', failedSteps = '0'] = process.argv.slice(2)
const checks = readFileSync(join(folder, 'checks'), 'utf8').trim().split('\n').length
const projects = ['unit', 'integration']
  .map((project) => join(folder, `${project}.json`))
  .filter((path) => existsSync(path))
  .map((path) => JSON.parse(readFileSync(path, 'utf8')) as JestResult)
const failedTests = projects.reduce((sum, one) => sum + one.numFailedTests + one.numRuntimeErrorTestSuites, 0)
const failedProjects = projects.filter((one) => one.numFailedTests + one.numRuntimeErrorTestSuites > 0).length
const failedChecks = Number(failedSteps) - failedProjects
const passed = checks - failedChecks + projects.reduce((sum, one) => sum + one.numPassedTests, 0)
console.log(`${passed} passed, ${failedTests + failedChecks} failed`)
