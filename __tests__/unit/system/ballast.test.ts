import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { ballast, isHostedLinux, removeBallast } from '../../../src/system/ballast.ts'

const hosted = {
  PATH: process.env.PATH,
  RUNNER_ENVIRONMENT: 'github-hosted',
  RUNNER_OS: 'Linux',
  ImageOS: 'ubuntu24',
}

/** Folders that a job needs, near those that are removed */
const needed = [
  '/opt/hostedtoolcache/node/24.0.0/x64/bin/node',
  '/opt/hostedtoolcache/Python/3.12.0/x64/bin/python3',
  '/usr/share/docker/plugin',
  '/usr/local/lib/python3.12/dist-packages/pip.py',
  '/usr/local/share/ca-certificates/company.crt',
  '/usr/libexec/docker/cli-plugins/docker-buildx',
  '/usr/bin/git',
  '/home/runner/actions-runner/cached/externals/node24/bin/node',
  '/usr/local/lib/android-is-only-the-beginning/of-this-name',
]

let root: string
let lines: string[]

function put(path: string): void {
  const target = join(root, path)
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, 'x'.repeat(5000))
}

async function remove(environment: NodeJS.ProcessEnv = hosted): Promise<void> {
  const log = (line: string): void => void lines.push(line)
  await removeBallast(root, { environment, signal: new AbortController().signal, log })
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ballast-'))
  lines = []
  for (const { path } of ballast) put(`${path}/deep/file`)
  for (const path of needed) put(path)
})

afterEach(() => {
  rmSync(root, { recursive: true, force: true })
})

describe('on a GitHub-hosted Linux runner', () => {
  it('removes the listed folders only, and logs each', async () => {
    await remove()
    for (const { path } of ballast) expect([path, existsSync(join(root, path))]).toEqual([path, false])
    for (const path of needed) expect([path, existsSync(join(root, path))]).toEqual([path, true])
    for (const { path } of ballast)
      expect(lines.filter((line) => line.endsWith(`, ${path}`))).toEqual([
        expect.stringMatching(/^free-disk-space: freed \d+(\.\d)? [KMG]?B of /),
      ])
    expect(lines.at(-1)).toMatch(/^free-disk-space: freed .* in total, .* are free$/)
  })

  it('logs nothing about missing folders', async () => {
    rmSync(join(root, '/opt/ghc'), { recursive: true })
    await remove()
    expect(lines.join('\n')).not.toContain('/opt/ghc')
    expect(existsSync(join(root, '/usr/share/dotnet'))).toBe(false)
  })

  it('leaves a link and its target', async () => {
    put('/home/runner/work/mine')
    rmSync(join(root, '/usr/share/swift'), { recursive: true })
    symlinkSync(join(root, '/home/runner/work'), join(root, '/usr/share/swift'))
    await remove()
    expect(existsSync(join(root, '/usr/share/swift/mine'))).toBe(true)
    expect(lines).toContain(
      'free-disk-space: /usr/share/swift was not removed: it is a link, or not a folder',
    )
  })

  it('leaves the target of a link in the middle of a path', async () => {
    rmSync(join(root, '/opt/hostedtoolcache/CodeQL'), { recursive: true })
    put('/home/runner/tools/CodeQL/mine')
    rmSync(join(root, '/opt/hostedtoolcache'), { recursive: true })
    symlinkSync(join(root, '/home/runner/tools'), join(root, '/opt/hostedtoolcache'))
    await remove()
    expect(existsSync(join(root, '/home/runner/tools/CodeQL/mine'))).toBe(true)
  })

  it('removes links within a folder, not their targets', async () => {
    put('/home/runner/work/mine')
    symlinkSync(join(root, '/home/runner/work'), join(root, '/usr/share/dotnet/link'))
    await remove()
    expect(existsSync(join(root, '/usr/share/dotnet'))).toBe(false)
    expect(existsSync(join(root, '/home/runner/work/mine'))).toBe(true)
  })

  it('continues after a folder that cannot be removed', async () => {
    const bin = join(root, 'bin')
    mkdirSync(bin)
    // With and without root, either of them is called
    for (const name of ['sudo', 'rm'])
      writeFileSync(join(bin, name), '#!/bin/sh\necho "sudo: a password is required" >&2\nexit 1\n', {
        mode: 0o755,
      })
    await remove({ ...hosted, PATH: bin })
    expect(lines).toContain(
      'free-disk-space: /usr/share/dotnet was removed only in part: sudo: a password is required',
    )
    expect(lines).toHaveLength(ballast.length + 1)
  })

  it('continues without any program to remove with', async () => {
    await remove({ ...hosted, PATH: '/nowhere' })
    expect(existsSync(join(root, '/usr/share/dotnet'))).toBe(true)
    expect(lines).toHaveLength(ballast.length + 1)
  })
})

describe('anywhere else', () => {
  it.each<[string, NodeJS.ProcessEnv]>([
    ['a self-hosted runner', { ...hosted, RUNNER_ENVIRONMENT: 'self-hosted' }],
    ['no runner', {}],
    ['macOS', { ...hosted, RUNNER_OS: 'macOS', ImageOS: 'macos15' }],
    ['a job container on a GitHub-hosted runner', { ...hosted, ImageOS: undefined }],
    ['act', { ...hosted, ACT: 'true' }],
  ])('nothing is removed: %s', async (_, environment) => {
    expect(isHostedLinux(environment)).toBe(false)
    await remove({ PATH: process.env.PATH, ...environment })
    for (const { path } of ballast) expect(existsSync(join(root, path))).toBe(true)
    expect(lines).toEqual(['free-disk-space: skipped, this is not a GitHub-hosted Linux runner.'])
  })
})

describe('the list', () => {
  it('matches docs/disk.md', () => {
    const table = [...readFileSync('docs/disk.md', 'utf8').matchAll(/^\| `(\/[^`]+)` +\|/gm)]
    expect(table.map((match) => match[1])).toEqual(ballast.map(({ path }) => path))
  })

  it('has whole folders below the root, and none that a job needs', () => {
    for (const { path } of ballast) {
      expect(path).toMatch(/^(\/[\w.-]+){2,}$/)
      expect(path).not.toContain('..')
      for (const other of needed) expect(other.startsWith(`${path}/`)).toBe(false)
    }
  })
})
