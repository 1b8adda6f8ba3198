import { expect, it } from '@jest/globals'
import { mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { artifactProblem } from '../../../src/store/artifacts/check.ts'
import type { Artifact, ArtifactKind } from '../../../src/plan/keys/artifact-key.ts'
import { type Contents, storedFolder, wanted } from '../../support/artifact-folder.ts'

it.each(['extension', 'wheel', 'ucx'] as const)(
  'a %s that is what its name says has no problem',
  async (kind) => {
    expect(await artifactProblem(storedFolder(wanted[kind]), wanted[kind])).toBeUndefined()
  },
)

const whl = (rest: string) => `aibrix_kvcache-${rest}.whl`

it.each<[string, ArtifactKind, Contents, RegExp]>([
  [
    'another Python',
    'wheel',
    { wheel: whl('0.7.0+cu130-cp311-cp311-linux_x86_64') },
    /not for Python 3\.12 on x86_64/,
  ],
  [
    'another machine',
    'wheel',
    { wheel: whl('0.7.0+cu130-cp312-cp312-linux_aarch64') },
    /not for Python 3\.12 on x86/,
  ],
  [
    'no machine, having no extension',
    'wheel',
    { wheel: whl('0.7.0-py3-none-any') },
    /is not for Python 3\.12/,
  ],
  [
    'another version inside',
    'wheel',
    { version: '0.7.1+cu130' },
    /has the version 0\.7\.1\+cu130 in its metadata/,
  ],
  [
    'another tag of AIBrix',
    'wheel',
    { wheel: whl('0.6.0+cu130-cp312-cp312-linux_x86_64'), version: '0.6.0+cu130' },
    /its wheel is 0\.6\.0\+cu130, not v0\.7\.0/,
  ],
  [
    'another CUDA',
    'wheel',
    { wheel: whl('0.7.0+cu128-cp312-cp312-linux_x86_64'), version: '0.7.0+cu128' },
    /0\.7\.0\+cu128, not for CUDA 13\.0/,
  ],
  ['another commit', 'wheel', { source: { commit: 'f'.repeat(40) } }, /it is of commit ffff/],
  [
    'other GPUs than its extension',
    'extension',
    { source: { gpuArchitectures: ['9.0'] } },
    /for the GPU architectures 9\.0$/,
  ],
  [
    'another CUDA than its extension',
    'extension',
    { wheel: whl('0.7.0+cu128-cp312-cp312-linux_x86_64'), version: '0.7.0+cu128' },
    /0\.7\.0\+cu128, not for CUDA 13\.0/,
  ],
  ['other GPUs', 'wheel', { source: { gpuArchitectures: ['9.0'] } }, /for the GPU architectures 9\.0$/],
  ['no GPUs', 'wheel', { source: { gpuArchitectures: null } }, /incomplete/],
  ['another UCX', 'ucx', { source: { version: '1.20.0' } }, /it is UCX 1\.20\.0/],
  ['another commit of UCX', 'ucx', { source: { commit: 'f'.repeat(40) } }, /of commit ffff/],
  ['programs for another machine', 'ucx', { machine: 183 }, /bin\/ucx_info is not a program for x86_64/],
])('an artifact for %s is noticed', async (_, kind, contents, problem) => {
  expect(await artifactProblem(storedFolder(wanted[kind], contents), wanted[kind])).toMatch(problem)
})

it.each<[string, ArtifactKind, RegExp, (folder: string) => void]>([
  ['no content', 'wheel', /incomplete/, (folder) => rmSync(join(folder, 'content'), { recursive: true })],
  ['no determinants', 'ucx', /incomplete/, (folder) => rmSync(join(folder, 'made-from.json'))],
  [
    'two wheels',
    'wheel',
    /2 wheels/,
    (folder) => writeFileSync(join(folder, 'content/aibrix_kvcache-1.whl'), ''),
  ],
  [
    'half a wheel',
    'wheel',
    /incomplete/,
    (folder) =>
      truncateSync(join(folder, 'content/aibrix_kvcache-0.7.0+cu130-cp312-cp312-linux_x86_64.whl'), 100),
  ],
  [
    'no libraries',
    'ucx',
    /no libucp/,
    (folder) => {
      rmSync(join(folder, 'content/lib'), { recursive: true })
      mkdirSync(join(folder, 'content/lib'))
    },
  ],
  [
    'an invalid library',
    'ucx',
    /lib\/libucp\.so\.0\.0\.0 is not a program/,
    (folder) => writeFileSync(join(folder, 'content/lib/libucp.so.0.0.0'), 'no library'),
  ],
  [
    'other determinants',
    'wheel',
    /it was built from something else/,
    (folder) => writeFileSync(join(folder, 'made-from.json'), '{}\n'),
  ],
  ['a single tool', 'ucx', /incomplete/, (folder) => rmSync(join(folder, 'content/bin/ucx_perftest'))],
  [
    'no stub of the driver',
    'ucx',
    /incomplete: .*driver-stub/,
    (folder) => rmSync(join(folder, 'content/driver-stub'), { recursive: true }),
  ],
  [
    'a stub that is a text file',
    'ucx',
    /driver-stub\/libcuda\.so\.1 is not a program/,
    (folder) => writeFileSync(join(folder, 'content/driver-stub/libcuda.so.1'), 'a text'),
  ],
  [
    'a script for a library',
    'ucx',
    /lib\/libx\.so is not a program/,
    (folder) => writeFileSync(join(folder, 'content/lib/libx.so'), '#!/bin/sh'),
  ],
  [
    'a link to what this machine has',
    'ucx',
    /which is not a file, a folder or a link within it/,
    (folder) => {
      rmSync(join(folder, 'content/source.json'))
      symlinkSync('/etc/passwd', join(folder, 'content/source.json'))
    },
  ],
  [
    'an endless text file',
    'wheel',
    /incomplete: .* has 2000000 bytes/,
    (folder) => writeFileSync(join(folder, 'made-from.json'), 'x'.repeat(2_000_000)),
  ],
])('an artifact with %s is noticed', async (_, kind, problem, change) => {
  const folder = storedFolder(wanted[kind])
  change(folder)
  expect(await artifactProblem(folder, wanted[kind])).toMatch(problem)
})

it('an artifact under another name is noticed, whatever its content', async () => {
  const { wheel } = wanted
  const other: Artifact = {
    ...wheel,
    determinants: { ...wheel.determinants, torch: { version: '2.12.0', cuda: '13.0' } },
  }
  for (const stored of [storedFolder(other), storedFolder(wanted.ucx)])
    expect(await artifactProblem(stored, wheel)).toBe('it was built from something else')
})
