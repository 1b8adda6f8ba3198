import { expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { addPythonOnlyBranch, pythonOnly } from '../../../script/bench-sources.ts'
import { makeAibrix } from '../../../stand-ins/sources.ts'

it('adds one commit to a release that changes one Python file, the same each time', () => {
  const repository = join(mkdtempSync(join(tmpdir(), 'bench-')), 'aibrix.git')
  makeAibrix(resolve('stand-ins/aibrix'), repository)
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', repository, ...args], { encoding: 'utf8' }).trim()
  addPythonOnlyBranch(repository, 'v0.7.0')
  const commit = git('rev-parse', pythonOnly)
  addPythonOnlyBranch(repository, 'v0.7.0')
  expect(git('rev-parse', pythonOnly)).toBe(commit)
  expect(git('rev-parse', `${pythonOnly}^`)).toBe(git('rev-parse', 'v0.7.0^{commit}'))
  expect(git('diff', '--name-only', 'v0.7.0', pythonOnly)).toBe(
    'python/aibrix_kvcache/aibrix_kvcache/envs.py',
  )
})
