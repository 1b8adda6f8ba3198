import { afterAll, describe, expect, it } from '@jest/globals'
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readRecipe } from '../../../src/command/world/recipe.ts'

const folder = mkdtempSync(join(tmpdir(), 'recipe-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

const original = join(folder, 'original')
mkdirSync(join(original, 'scripts/common'), { recursive: true })
for (const name of ['Dockerfile.vllm', 'Dockerfile.sglang', 'scripts/run', 'scripts/common/x.py'])
  writeFileSync(join(original, name), name)

/** @returns the digest of the recipe in a changed copy */
function changed(change: (copy: string) => void): string {
  const copy = mkdtempSync(join(folder, 'copy-'))
  cpSync(original, copy, { recursive: true })
  change(copy)
  return readRecipe(copy, 'vllm')
}

const write = (name: string) => (copy: string) => {
  writeFileSync(join(copy, name), 'other')
}

describe('the digest of a recipe', () => {
  const usual = readRecipe(original, 'vllm')

  it('is 64 hexadecimal digits, and of one engine', () => {
    expect(usual).toMatch(/^[0-9a-f]{64}$/)
    expect(readRecipe(original, 'sglang')).not.toBe(usual)
  })

  it.each<[string, (copy: string) => void]>([
    ['its folder', () => undefined],
    ['the Dockerfile of the other engine', write('Dockerfile.sglang')],
    ['files beside the scripts', write('catalogue.json')],
    ['compiled Python', write('scripts/common/x.pyc')],
    [
      'an empty folder',
      (copy) => {
        mkdirSync(join(copy, 'scripts/empty'))
      },
    ],
  ])('does not depend on %s', (_, change) => {
    expect(changed(change)).toBe(usual)
  })

  it.each<[string, (copy: string) => void]>([
    ['the Dockerfile', write('Dockerfile.vllm')],
    ['a script', write('scripts/run')],
    ['a script in a subfolder', write('scripts/common/x.py')],
    ['an additional script', write('scripts/common/new')],
    [
      'the path of a script',
      (copy) => {
        renameSync(join(copy, 'scripts/run'), join(copy, 'scripts/common/run'))
      },
    ],
  ])('depends on %s', (_, change) => {
    expect(changed(change)).not.toBe(usual)
  })
})
