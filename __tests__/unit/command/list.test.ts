import * as core from '@actions/core'
import { describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import * as v from 'valibot'
import { describeList, publishList } from '../../../src/command/list.ts'
import type { ShowSettings } from '../../../src/command/show.ts'
import { inventorySchema } from '../../../src/inventory/inventory.ts'
import { createOutput } from '../../../src/system/github/output.ts'
import { createWorkspace } from '../../../src/system/workspace.ts'
import { makeInventory, makeListedImage, makeListedImages } from '../../support/inventories.ts'
import { useStep } from '../../support/step.ts'

const step = useStep()

function settings(more: Partial<ShowSettings> = {}): ShowSettings {
  const { folder, summaryFile } = step()
  const redact = (text: string): string => text
  return {
    ...createOutput(core, redact),
    workspace: createWorkspace(folder),
    redact,
    retry: { retried: () => [] },
    ...{ summary: true, summaryFile, ...more },
  }
}

/** The outputs of a list */
async function outputsOf(inventory = makeInventory(), more: Partial<ShowSettings> = {}) {
  const outputs: Record<string, string> = {}
  const setOutput = (name: string, value: string): void => void (outputs[name] = value)
  await publishList(inventory, settings({ setOutput, ...more }))
  return outputs
}

describe('the files of a list', () => {
  it.each([0, 1, 40])('have %d images as JSON, by the schema', async (count) => {
    const inventory = makeInventory({ images: makeListedImages(count), warnings: ['One "warning".'] })
    const outputs = await outputsOf(inventory)
    const document: unknown = JSON.parse(readFileSync(outputs['list-path'] ?? '', 'utf8'))
    expect(document).toEqual(inventory)
    expect(v.safeParse(inventorySchema, document).success).toBe(true)
  })

  it('are the summary, and what is behind as an output', async () => {
    const behind = [{ what: 'nixl' as const, published: '0.7.1', newer: ['0.8.0'] }]
    const outputs = await outputsOf(makeInventory({ behind, images: [makeListedImage()] }))
    expect(JSON.parse(outputs.behind ?? '')).toEqual(behind)
    const text = readFileSync(outputs['summary-path'] ?? '', 'utf8')
    expect(text).toContain('### Behind upstream')
    expect(readFileSync(step().summaryFile, 'utf8')).toBe(text)
  })

  it('are a warning if they cannot be written', async () => {
    const warnings: string[] = []
    const workspace = { root: '/dev/null/x', private: '', logs: '' }
    const warn = (message: string): void => void warnings.push(message)
    const outputs = await outputsOf(makeInventory(), { workspace, warn })
    expect(outputs).toMatchObject({ 'list-path': '', 'summary-path': '', behind: '[]' })
    expect(warnings.join('\n')).toMatch(
      /The file list.json cannot be written: .* The output "list-path" is empty\./,
    )
  })
})

describe('a list in the log', () => {
  it.each([
    [0, 0, '0 images are listed'],
    [0, 2, '0 images are listed; 2 digests were read, all others were known'],
    [1, 1, '1 image is listed; 1 digest was read, all others were known'],
  ])('begins with a sentence: %d listed, %d read', (count, read, sentence) => {
    expect(describeList(makeInventory({ images: makeListedImages(count) }), read)[0]).toBe(sentence)
  })

  it('has the first images, and what is behind', () => {
    const behind = [
      { what: 'vllm' as const, published: '0.21.0', newer: ['v0.23.0', 'v0.22.0'] },
      { what: 'nixl' as const, published: null, newer: ['1.0.0'] },
    ]
    const lines = describeList(makeInventory({ images: makeListedImages(25), behind }), 3)
    expect(lines[0]).toBe('25 images are listed; 3 digests were read, all others were known')
    expect(lines[1]).toMatch(/^ {2}docker.io\/aibrix\/vllm-openai@sha256:\S+ {2}v0\.25\.0-/)
    expect(lines.slice(-3)).toEqual([
      'and 5 more images',
      'vllm: 0.21.0 is published, upstream has v0.23.0, v0.22.0',
      'nixl: nothing is published, upstream has 1.0.0',
    ])
  })
})
