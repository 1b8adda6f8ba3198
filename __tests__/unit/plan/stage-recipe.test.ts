import { describe, expect, it } from '@jest/globals'
import { cpSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readStageRecipes } from '../../../src/command/world/recipe.ts'
import { engineNames } from '../../../src/plan/engine.ts'

/** @returns the stage artifacts whose recipe a change of a file's text changes */
function changedBy(file: string, change: (text: string) => string): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'recipe-'))
  cpSync('dockerfiles', folder, { recursive: true })
  const before = readStageRecipes(folder, 'vllm')
  const path = join(folder, file)
  const text = readFileSync(path, 'utf8')
  expect(change(text)).not.toBe(text)
  writeFileSync(path, change(text))
  const after = readStageRecipes(folder, 'vllm')
  return (['extension', 'wheel', 'ucx'] as const).filter((kind) => before[kind] !== after[kind])
}

describe('the recipe of a stage', () => {
  it.each([
    ['common', ['extension', 'wheel', 'ucx']],
    ['step/builder', ['extension', 'wheel', 'ucx']],
    ['step/wheel', ['extension', 'wheel']],
    ['step/ucx', ['ucx']],
    ['step/image', []],
    ['step/extra', []],
    ['measure', []],
  ])('changes with any script of scripts/%s for %j', (name, kinds) => {
    const folder = `scripts/${name}`
    const files = readdirSync(`dockerfiles/${folder}`).filter(
      (file) => !file.endsWith('.pyc') && file !== '__pycache__',
    )
    expect(files.length).toBeGreaterThan(1)
    for (const file of files) expect(changedBy(`${folder}/${file}`, (text) => `${text}# x\n`)).toEqual(kinds)
  })

  it.each<[string, string[], string, string]>([
    ['the step of the wheel', ['wheel'], '"build-wheel"', '"build-wheel", "fast"'],
    ['the step of the extension', ['extension', 'wheel'], '"build-extension"', '"build-extension", "fast"'],
    ['the step of UCX', ['ucx'], '"build-ucx"', '"build-ucx", "fast"'],
    [
      'the step of all',
      ['extension', 'wheel', 'ucx'],
      '"install-build-tools"',
      '"install-build-tools", "gcc"',
    ],
    ['where UCX is taken from', ['ucx'], '/opt/aibrix/ucx /', '/opt/ucx /'],
    [
      'a further argument',
      ['extension', 'wheel'],
      'ARG GPU_ARCHITECTURES=auto',
      'ARG GPU_ARCHITECTURES=auto\nARG MORE',
    ],
    ['the default of an argument', [], 'ARG AIBRIX_BRANCH=v0.5.0', 'ARG AIBRIX_BRANCH=v0.8.0'],
    ['the base', [], 'ARG BASE_IMAGE=docker.io/', 'ARG BASE_IMAGE=quay.io/'],
    ['a comment', [], '# The tools that the builders compile with', '# Compilers'],
    ['a step of the image', [], '"install-nixl"', '"install-nixl", "fast"'],
    ['a measurement', [], '"measure", "base"', '"measure", "the base"'],
  ])('changes with %s for %j', (_, kinds, from, to) => {
    expect(changedBy('Dockerfile.vllm', (text) => text.replace(from, to))).toEqual(kinds)
  })

  it('is the same for both engines', () => {
    const [vllm, sglang] = engineNames.map((engine) => readStageRecipes('dockerfiles', engine))
    expect(vllm).toEqual(sglang)
  })
})
