import { afterAll, describe, expect, it } from '@jest/globals'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLogFile } from '../../../src/system/log-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'log-file-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

const newPath = (): string => join(mkdtempSync(join(folder, 'one-')), 'build.log')

describe('the log file of a build', () => {
  it.each<[string, string[]]>([
    ['nothing', []],
    ['short lines', ['a', '', 'ü€😀']],
    // The buffer has 256 KiB.
    ['more lines than fit into the buffer', Array.from({ length: 40_000 }, (_, index) => `line ${index}`)],
    ['a line longer than the buffer', ['before', 'x'.repeat(600_000), 'after']],
    ['a line of the widest characters', ['€'.repeat(300_000)]],
    ['such characters behind other text in the buffer', ['x'.repeat(90_000), '€'.repeat(87_000)]],
  ])('holds %s, byte for byte', (_, lines) => {
    const path = newPath()
    const log = openLogFile(path)
    for (const line of lines) log.write(line)
    log.close()
    expect(readFileSync(path, 'utf8') === lines.map((line) => `${line}\n`).join('')).toBe(true)
    expect(log.problem()).toBeUndefined()
  })

  it('is appended to, and readable by this user only', () => {
    const path = newPath()
    for (const line of ['first', 'second']) {
      const log = openLogFile(path)
      log.write(line)
      log.close()
    }
    expect(readFileSync(path, 'utf8')).toBe('first\nsecond\n')
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('is complete after a flush, with each line once', () => {
    const path = newPath()
    const log = openLogFile(path)
    log.write('a')
    log.flush()
    expect(readFileSync(path, 'utf8')).toBe('a\n')
    log.write('b')
    log.flush()
    log.close()
    expect(readFileSync(path, 'utf8')).toBe('a\nb\n')
  })

  it.each<[string, () => string, string]>([
    ['the disk is full', () => '/dev/full', 'ENOSPC'],
    ['its folder is missing', () => join(folder, 'nothing/build.log'), 'ENOENT'],
    [
      'its folder is a file',
      () => {
        writeFileSync(join(folder, 'file'), '')
        return join(folder, 'file/build.log')
      },
      'ENOTDIR',
    ],
  ])('does not throw if %s, and says why it is incomplete', (_, path, problem) => {
    const log = openLogFile(path())
    for (let line = 0; line < 40_000; line += 1) log.write(`line ${line}`)
    log.close()
    expect(log.problem()).toContain(problem)
  })
})
