import { afterAll, describe, expect, it } from '@jest/globals'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createWorkspace, removePrivate, writePrivateFile } from '../../../src/system/workspace.ts'

const folder = mkdtempSync(join(tmpdir(), 'workspace-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

const modeOf = (path: string): number => statSync(path).mode & 0o777

describe('the folders of a run', () => {
  it('are in a temporary folder, which is created if missing', () => {
    const temporary = join(folder, 'not/there')
    const [one, other] = [createWorkspace(temporary), createWorkspace(temporary)]
    expect(dirname(one.root)).toBe(temporary)
    expect(one.root).not.toBe(other.root)
    for (const inside of [one.private, one.logs]) expect(dirname(inside)).toBe(one.root)
    expect(statSync(one.logs).isDirectory()).toBe(true)
  })

  it('include one that only this user can enter', () => {
    expect(modeOf(createWorkspace(folder).private)).toBe(0o700)
  })
})

describe('a private file', () => {
  it('holds its content, readable by this user only, also if it replaces a readable file', () => {
    const workspace = createWorkspace(folder)
    const before = join(workspace.private, 'secret-a')
    writeFileSync(before, 'longer than what comes')
    chmodSync(before, 0o644)
    const path = writePrivateFile(workspace, 'secret-a', ' canary\n')
    expect(path).toBe(before)
    expect(readFileSync(path, 'utf8')).toBe(' canary\n')
    expect(modeOf(path)).toBe(0o600)
  })

  it('is removed with its folder, and other files of the run stay', () => {
    const workspace = createWorkspace(folder)
    writePrivateFile(workspace, 'secret-a', 'canary')
    removePrivate(workspace.private)
    expect(existsSync(workspace.private)).toBe(false)
    expect(existsSync(workspace.logs)).toBe(true)
    // The second time does nothing.
    removePrivate(workspace.private)
  })
})
