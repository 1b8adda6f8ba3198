import { describe, expect, it } from '@jest/globals'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createCompiledSources } from '../../../src/leg/compiled-sources.ts'
import { actionGit, runGit } from '../../support/git-repositories.ts'

const project = 'python/aibrix_kvcache'
const folder = mkdtempSync(join(tmpdir(), 'compiled-sources-'))
const compiledSources = createCompiledSources(actionGit(folder))

const usual = {
  'README.md': 'AIBrix\n',
  [`${project}/setup.py`]: 'write_to = "python/aibrix_kvcache/aibrix_kvcache/_version.py"\n',
  [`${project}/pyproject.toml`]: '[tool.setuptools.packages.find]\ninclude = ["aibrix_kvcache*"]\n',
  [`${project}/CMakeLists.txt`]: 'project(aibrix_extensions)\n',
  [`${project}/csrc/kernels.cu`]: 'kernel\n',
  [`${project}/scripts/check.py`]: 'check\n',
  [`${project}/aibrix_kvcache/__init__.py`]: '',
  [`${project}/aibrix_kvcache/_custom_ops.py`]: 'import torch\n',
  [`${project}/aibrix_kvcache/l2/eic/README.md`]: 'EIC\n',
}

/** @param changes path → content; undefined removes the file */
async function sourcesOf(changes: Record<string, string | undefined>, ref = 'main'): Promise<string> {
  const tree = mkdtempSync(join(folder, 'tree-'))
  const files: Record<string, string | undefined> = { ...usual, ...changes }
  for (const [path, content] of Object.entries(files)) {
    if (content === undefined) continue
    mkdirSync(dirname(join(tree, path)), { recursive: true })
    if (content.startsWith('-> ')) symlinkSync(content.slice(3), join(tree, path))
    else writeFileSync(join(tree, path), content)
  }
  const git = (...args: string[]) => runGit('-C', tree, ...args)
  git('init', '--quiet', '--initial-branch=main')
  git('add', '--all')
  git('commit', '--quiet', '--message', 'All')
  const commit = git('rev-parse', 'HEAD')
  const repository = { kind: 'path', path: tree } as const
  const found = await compiledSources(join(tree, '.git'), { repository, ref, commit, kind: 'branch' })
  rmSync(tree, { recursive: true })
  return found
}

describe('the sources of the extension', () => {
  it.each<[string, Record<string, string | undefined>]>([
    ['a changed Python file of the package', { [`${project}/aibrix_kvcache/_custom_ops.py`]: 'import os\n' }],
    ['a new Python file of the package', { [`${project}/aibrix_kvcache/l2/new.py`]: 'x\n' }],
    ['a Python file less', { [`${project}/aibrix_kvcache/_custom_ops.py`]: undefined }],
    ['a file outside of the project', { 'README.md': 'AIBrix, once more\n' }],
  ])('are the same with %s', async (_, changes) => {
    expect(await sourcesOf(changes)).toBe(await sourcesOf({}))
  })

  it.each<[string, Record<string, string | undefined>]>([
    ['a changed kernel', { [`${project}/csrc/kernels.cu`]: 'another\n' }],
    ['a renamed kernel', { [`${project}/csrc/kernels.cu`]: undefined, [`${project}/csrc/k.cu`]: 'kernel\n' }],
    ['another setup.py', { [`${project}/setup.py`]: 'setup()\n' }],
    ['another CMakeLists.txt', { [`${project}/CMakeLists.txt`]: 'project(other)\n' }],
    ['a Python file of no package', { [`${project}/scripts/check.py`]: 'another\n' }],
    ['a file of the package that is not Python', { [`${project}/aibrix_kvcache/l2/eic/README.md`]: 'x\n' }],
    ['a link in place of a Python file', { [`${project}/aibrix_kvcache/_custom_ops.py`]: '-> ../csrc/a.py' }],
  ])('are others with %s', async (_, changes) => {
    expect(await sourcesOf(changes)).not.toBe(await sourcesOf({}))
  })

  it.each<[string, Record<string, string>]>([
    ['imports the package', { [`${project}/setup.py`]: 'from aibrix_kvcache import flags\n' }],
    ['imports a module of it', { [`${project}/backend.py`]: '    import aibrix_kvcache.flags\n' }],
    [
      'runs one of its files',
      { [`${project}/cmake/a.cmake`]: 'execute(aibrix_kvcache/tools/generate.py)\n' },
    ],
  ])('include its Python files if the build %s', async (_, build) => {
    const changed = { ...build, [`${project}/aibrix_kvcache/_custom_ops.py`]: 'import os\n' }
    expect(await sourcesOf(changed)).not.toBe(await sourcesOf(build))
  })

  it('are the commit and its ref for a project that only its own backend packs', async () => {
    const without = { [`${project}/setup.py`]: undefined }
    const one = await sourcesOf(without)
    expect(await sourcesOf(without)).toBe(one)
    expect(await sourcesOf(without, 'v0.7.0')).not.toBe(one)
    expect(await sourcesOf({ ...without, 'README.md': 'x\n' })).not.toBe(one)
  })

  it('are an error for a commit that the repository lacks', async () => {
    const repository = { kind: 'path', path: folder } as const
    const lacking = { repository, ref: 'main', commit: 'f'.repeat(40), kind: 'branch' } as const
    await expect(compiledSources(folder, lacking)).rejects.toThrow(/ls-tree .* failed: fatal/)
  })
})
