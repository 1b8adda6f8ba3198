import { afterAll, expect, it } from '@jest/globals'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fewImages } from '../../../../script/page-samples.ts'
import { writePage } from '../../../../src/report/page/write-page.ts'

const folder = mkdtempSync(join(tmpdir(), 'page-'))

afterAll(() => {
  rmSync(folder, { recursive: true })
})

it('writes the page and a badge for each engine into a new folder, and again over them', () => {
  const page = join(folder, 'new', 'page')
  writePage(page, { ...fewImages(), images: [] })
  writePage(page, fewImages())
  expect(readdirSync(page).sort()).toEqual(['index.html', 'sglang.svg', 'vllm.svg'])
  expect(readFileSync(join(page, 'index.html'), 'utf8')).toContain('<title>Published images</title>')
  expect(readFileSync(join(page, 'sglang.svg'), 'utf8')).toContain('SGLang v0.5.11')
})
