import { describe, expect, it } from '@jest/globals'
import { chmodSync, mkdirSync, mkdtempSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { copyExtraFiles } from '../../../src/command/world/extra-files.ts'
import { folderDigest, readFolder } from '../../../src/system/folder.ts'

const newFolder = () => mkdtempSync(join(tmpdir(), 'extra-'))

function givenFolder(): string {
  const folder = newFolder()
  mkdirSync(join(folder, 'opt/empty'), { recursive: true })
  writeFileSync(join(folder, 'opt/run'), '#!/bin/sh\n')
  chmodSync(join(folder, 'opt/run'), 0o777)
  symlinkSync('run', join(folder, 'opt/link'))
  return folder
}

const digestOf = (folder: string) => folderDigest(readFolder(folder)?.entries ?? [])
const legFor = (folder: string) => ({
  id: 'vllm-amd64',
  extraFiles: { digest: digestOf(folder), size: { files: 3, bytes: 10 } },
})

describe('the folder of a build', () => {
  it('is a copy of the one of extra-files, which stays as it is', () => {
    const extraFolder = givenFolder()
    const before = statSync(join(extraFolder, 'opt/run')).mtimeMs
    const copy = copyExtraFiles([legFor(extraFolder)], { extraFolder }, { root: newFolder() })
    expect(copy).not.toBe(extraFolder)
    expect(digestOf(copy ?? '')).toBe(digestOf(extraFolder))
    expect(statSync(join(extraFolder, 'opt/run')).mtimeMs).toBe(before)
  })

  it('is none if no leg has such files', () => {
    const extraFolder = givenFolder()
    expect(
      copyExtraFiles([{ id: 'a', extraFiles: null }], { extraFolder }, { root: newFolder() }),
    ).toBeUndefined()
  })

  it.each<[string, (folder: string) => string | undefined, RegExp]>([
    [
      'a job without the input',
      () => undefined,
      /^extra-files: vllm-amd64 was planned with a folder .* this job has none/,
    ],
    ['a job without the folder', () => '/nowhere', /\/nowhere is no folder here/],
    [
      'a job with other files',
      (folder) => {
        writeFileSync(join(folder, 'opt/run'), 'x')
        return folder
      },
      /does not have the same names, permissions and content; plan again/,
    ],
  ])('is refused for %s', (_, change, message) => {
    const folder = givenFolder()
    const leg = legFor(folder)
    const extraFolder = change(folder)
    expect(() => copyExtraFiles([leg], { extraFolder }, { root: newFolder() })).toThrow(message)
  })
})
