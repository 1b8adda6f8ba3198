import { expect, it } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rememberIndex, withPipMemory } from '../../support/pip-memory.ts'

const [first, second, other] = ['http://127.0.0.1:1/', 'http://127.0.0.1:2/', 'http://127.0.0.1:3/']

/** A python3 that counts its calls, and ends with a code. */
function openPython(code = 0) {
  const folder = mkdtempSync(join(tmpdir(), 'python-'))
  const calls = join(folder, 'calls')
  writeFileSync(join(folder, 'python3'), `#!/bin/sh\necho x >>${calls}\necho "it said $*"\nexit ${code}\n`, {
    mode: 0o755,
  })
  const before = mkdtempSync(join(tmpdir(), 'before-'))
  const path = `${before}:${folder}:${process.env.PATH ?? ''}`
  return {
    before,
    calls: () => readFileSync(calls, 'utf8').length / 2,
    ask: (index: string, question: string[], more: NodeJS.ProcessEnv = {}) => {
      const PATH = withPipMemory({ PATH: path, ...more }, index)
      const { stdout, status } = spawnSync('python3', question, { env: { ...more, PATH }, encoding: 'utf8' })
      return { PATH, stdout, status }
    },
  }
}

/** Indexes with these files are known at these addresses. */
function serve(indexes: Record<string, string>): void {
  for (const [url, name] of Object.entries(indexes)) {
    const folder = mkdtempSync(join(tmpdir(), 'index-'))
    writeFileSync(join(folder, name), '')
    rememberIndex(url, folder)
  }
}

const question = ['-m', 'pip', 'index', 'versions', 'nixl']

it('one answer is kept for all addresses of one content, and another one for each thing that decides it', () => {
  serve({ [first]: 'a.whl', [second]: 'a.whl', [other]: 'b.whl' })
  const python = openPython()
  for (const index of [first, first, second])
    expect(python.ask(index, question)).toMatchObject({
      stdout: 'it said -m pip index versions nixl\n',
      status: 0,
    })
  expect(python.calls()).toBe(1)
  python.ask(other, question)
  python.ask(first, [...question, '--pre'])
  python.ask(first, question, { PIP_PRE: '1' })
  python.ask(first, question, { HOME: '/nowhere' })
  expect(python.calls()).toBe(5)
})

it('it stays behind what else is on PATH', () => {
  serve({ [first]: 'a.whl' })
  const python = openPython()
  expect(python.ask(first, question).PATH?.split(':')[0]).toBe(python.before)
})

it('what failed, what is no pip and what is asked of an unknown index is asked each time, and heard in full', () => {
  serve({ [first]: 'a.whl' })
  const broken = openPython(3)
  for (let times = 1; times <= 2; times += 1) {
    expect(broken.ask(first, question)).toMatchObject({
      stdout: 'it said -m pip index versions nixl\n',
      status: 3,
    })
    expect(broken.calls()).toBe(times)
  }
  const python = openPython()
  for (const [index, asked] of [
    [first, ['-m', 'venv']],
    ['http://127.0.0.1:4/', question],
  ] as const)
    for (const _ of [1, 2]) expect(python.ask(index, [...asked]).stdout).toBe(`it said ${asked.join(' ')}\n`)
  expect(python.calls()).toBe(4)
})
