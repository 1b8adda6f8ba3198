import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { execFile } from 'node:child_process'
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { useStandIns } from '../support/stand-in-inputs.ts'

const minutes = 60_000
const world = useStandIns()

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cxx-standard-'))
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

/** Bases whose torch needs C++17, and C++20 with headers that refuse older standards */
const bases = {
  17: { variant: 'published', tag: 'v0.21.0' },
  20: { variant: 'demanding', tag: 'v0.33.0' },
}
const extension = '_aibrix_C.abi3.so'

/** Builds one stage of the Dockerfile on a base. @returns the log and the folder of its files */
async function build(standard: 17 | 20, target: 'wheel' | 'facts', dockerfiles = 'dockerfiles') {
  const { variant, tag } = bases[standard]
  const base = `${world().standIns.baseRegistries[variant] ?? ''}/vllm/vllm-openai:${tag}`
  const [output, index] = [mkdtempSync(join(folder, 'output-')), join(folder, 'index')]
  writeFileSync(index, world().inputs()['package-index'] ?? '')
  const args = [
    ...['buildx', 'build', '--progress=plain', '--network=host', '-f', join(dockerfiles, 'Dockerfile.vllm')],
    ...['--build-arg', `BASE_IMAGE=${base}`, '--build-arg', 'AIBRIX_BRANCH=v0.7.0'],
    ...['--build-arg', 'GPU_ARCHITECTURES=9.0', '--secret', `id=package-index,src=${index}`],
    ...['--build-context', `aibrix-source=${world().standIns.aibrix}/`],
    ...['--target', target, '--output', `type=local,dest=${output}`, dockerfiles],
  ]
  const { stderr } = await promisify(execFile)('docker', args, { maxBuffer: 64 * 1024 * 1024 })
  return { log: stderr, output }
}

/** The Dockerfiles with a step that ignores a torch's need of a newer standard than AIBrix sets. */
function withoutTheStandard(): string {
  const copy = join(folder, 'dockerfiles')
  cpSync('dockerfiles', copy, { recursive: true })
  const step = join(copy, 'scripts/step/wheel/cxx_compilers.py')
  writeFileSync(step, readFileSync(step, 'utf8').replace(/^PROJECT = 17$/m, 'PROJECT = 20'))
  return copy
}

describe('the C++ standard that the torch of a base needs', () => {
  it.each([17, 20] as const)(
    'is a fact of the base: %i',
    async (standard) => {
      const { output } = await build(standard, 'facts')
      const facts = JSON.parse(readFileSync(join(output, 'base.json'), 'utf8')) as unknown
      expect(facts).toMatchObject({ torch: { cxxStandard: standard } })
    },
    3 * minutes,
  )

  it.each([
    [17, false],
    [20, true],
  ] as const)(
    'is the one that the extension is compiled with: C++%i, in the log: %s',
    async (standard, isSaid) => {
      const { log, output } = await build(standard, 'wheel')
      expect(log.includes('compiling as C++')).toBe(isSaid)
      const [wheel = ''] = globSync(join(output, 'aibrix_kvcache-*.whl'))
      const { stdout } = await promisify(execFile)('python3', ['-m', 'zipfile', '-l', wheel])
      expect(stdout).toContain(extension)
    },
    3 * minutes,
  )

  it(
    'is necessary: with the standard that AIBrix sets, the extension does not compile',
    async () => {
      await expect(build(20, 'wheel', withoutTheStandard())).rejects.toThrow(
        /aibrix_kvcache v0\.7\.0 could not be compiled: .*C\+\+20 or later compatible compiler is required to use PyTorch/,
      )
    },
    3 * minutes,
  )
})
