import { describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import {
  type ArtifactKind,
  artifactKinds,
  artifactsOf,
  extensionOf,
} from '../../../src/plan/keys/artifact-key.ts'
import { makeBase, makeConfig, makeLeg } from '../../support/verified-leg.ts'

const removed = [
  ...['SETUPTOOLS_SCM_PRETEND_VERSION', 'SETUPTOOLS_SCM_PRETEND_VERSION_FOR_AIBRIX_KVCACHE'],
  ...['SETUPTOOLS_USE_DISTUTILS', 'DISTUTILS_DEBUG', 'USE_NINJA', 'FORCE_CUDA', 'TORCH_CUDA_ARCH_LIST'],
  ...['SKBUILD_CONFIGURE_OPTIONS', 'PIP_CONFIG_SETTINGS', 'PIP_NO_BINARY', 'PIP_GLOBAL_OPTION', 'VERBOSE'],
  ...['SOURCE_DATE_EPOCH', 'AIBRIX_TARGET_DEVICE', 'CONFIG_SITE', 'ACLOCAL_PATH', 'CCACHE_DIR', 'GIT_DIR'],
  ...['LD_PRELOAD', 'PYTHONOPTIMIZE'],
]
const compiling = [
  ...['CC', 'CXXFLAGS', 'NVCC_APPEND_FLAGS', 'CMAKE_ARGS', 'LD', 'PKG_CONFIG_PATH', 'LIBRARY_PATH'],
  'AIBRIX_BRANCH',
]
const harmless = [
  ...['PATH', 'PYTHONPATH', 'CUDA_HOME', 'LC_ALL', 'HTTPS_PROXY', 'no_proxy', 'PIP_EXTRA_INDEX_URL'],
  'SSL_CERT_FILE',
]
const similar = ['MYCC', 'PATHS', 'XCMAKE_ARGS']

/**
 * For each variable, those of it and LANG that the programs of a build see. One Python answers for
 * all, since starting it is what takes time.
 */
const seenByBuild = (() => {
  const names = [...removed, ...compiling, ...harmless, ...similar]
  const program = `import json, os, sys
from step.builder.variables import remove_others
seen = {}
for name in json.loads(sys.argv[1]):
    os.environ.clear()
    os.environ.update({"LANG": "C", name: "/x"})
    remove_others()
    seen[name] = sorted(os.environ)
print(json.dumps(seen))`
  const args = ['-B', '-c', program, JSON.stringify(names)]
  const options = { cwd: 'dockerfiles/scripts', encoding: 'utf8' } as const
  return JSON.parse(execFileSync('python3', args, options)) as Record<string, string[]>
})()

function namesOn(env: string[]): Record<ArtifactKind, string> {
  const { base } = makeLeg()
  const leg = makeLeg({ base: { ...base, config: makeConfig({ env }) } })
  const recipes = { wheel: 'a'.repeat(64), ucx: 'b'.repeat(64) }
  const { wheel, ucx } = artifactsOf(leg, makeBase(), ['9.0'], recipes)
  const extension = extensionOf(wheel, 'c'.repeat(64), 'e'.repeat(64))
  return { extension: extension.name, wheel: wheel.name, ucx: ucx.name }
}

describe('a variable of the base', () => {
  it.each(removed)('%s, which a build backend may read, is removed from builds and keys', (name) => {
    expect(seenByBuild[name]).toEqual(['LANG'])
    expect(namesOn([`${name}=x`])).toEqual(namesOn([]))
  })

  it.each(compiling)('%s, which changes what is compiled, reaches the build and is in the key', (name) => {
    expect(seenByBuild[name]).toEqual([name, 'LANG'].sort())
    for (const kind of artifactKinds) expect(namesOn([`${name}=x`])[kind]).not.toBe(namesOn([])[kind])
  })

  it.each(harmless)(
    '%s, which does not change what is compiled, reaches the build but not the key',
    (name) => {
      expect(seenByBuild[name]).toEqual([name, 'LANG'].sort())
      expect(namesOn([`${name}=/x`])).toEqual(namesOn([]))
    },
  )

  it.each(similar)('%s, which is only similar to one of these, is removed', (name) => {
    expect(seenByBuild[name]).toEqual(['LANG'])
  })
})

it.each(['wheel/build_extension.py', 'wheel/build_wheel.py', 'ucx/build_ucx.py'])(
  '%s removes the others before it does anything',
  (file) => {
    const text = readFileSync(`dockerfiles/scripts/step/${file}`, 'utf8')
    expect(text).toMatch(/^def main\(\) -> None:\n {4}remove_others\(\)\n/m)
  },
)

it('each variable of the list has a reason', () => {
  const list = JSON.parse(readFileSync('dockerfiles/scripts/step/builder/variables.json', 'utf8')) as object[]
  for (const entry of list) expect(entry).toMatchObject({ reason: expect.stringMatching(/.{10,}/) })
})
