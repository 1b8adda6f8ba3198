import * as core from '@actions/core'
import { describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { describePrune, publishPrune } from '../../../../src/command/prune/prune-and-show.ts'
import type { ShowSettings } from '../../../../src/command/show.ts'
import type { PruneRun } from '../../../../src/report/prune/prune-run.ts'
import { createOutput } from '../../../../src/system/github/output.ts'
import { createWorkspace } from '../../../../src/system/workspace.ts'
import { makePruned, makePrunedRepository, makePruneRun } from '../../../support/prune-runs.ts'
import { useStep } from '../../../support/step.ts'

const step = useStep()

const old = makePruned({ tags: ['wheel-x'], bytes: 1_500_000 })
const kept = [{ kind: 'build', because: 'young', digests: 4 }] as const
const bytes = { before: 9_000_000, gone: 1_500_000 }
const some = makePrunedRepository({ gone: [old], kept, bytes })

/** What a prune shows: its outputs and annotations. */
async function shown(changes: Partial<PruneRun>, more: Partial<ShowSettings> = {}) {
  const outputs: Record<string, string> = {}
  const annotations: unknown[] = []
  const { folder, summaryFile } = step()
  const redact = (text: string): string => text
  await publishPrune(makePruneRun(changes), {
    ...createOutput(core, redact),
    workspace: createWorkspace(folder),
    redact,
    retry: { retried: () => [] },
    setOutput: (name, value) => void (outputs[name] = value),
    annotate: (...all) => void annotations.push(all),
    ...{ summary: true, summaryFile, ...more },
  })
  return { outputs, annotations }
}

describe('what a prune shows', () => {
  it('is a JSON file, the summary and the number of digests', async () => {
    const { outputs, annotations } = await shown({ repositories: [some] })
    expect(outputs.pruned).toBe('1')
    const document: unknown = JSON.parse(readFileSync(outputs['prune-path'] ?? '', 'utf8'))
    expect(document).toMatchObject({ format: 1, apply: false, repositories: [{ bytes, kept }] })
    const text = readFileSync(outputs['summary-path'] ?? '', 'utf8')
    expect(text).toContain('1 digest would be deleted')
    expect(readFileSync(step().summaryFile, 'utf8')).toBe(text)
    expect(annotations).toEqual([])
  })

  it('is an error, if it failed', async () => {
    const { outputs, annotations } = await shown({ apply: true, error: 'It failed.', repositories: [some] })
    expect(annotations).toEqual([['error', 'It failed.', 'Pruning failed']])
    expect(outputs.pruned).toBe('0')
  })

  it('is a warning, if the files cannot be written', async () => {
    const warnings: string[] = []
    const workspace = { root: '/dev/null/x', private: '', logs: '' }
    const warn = (message: string): void => void warnings.push(message)
    const { outputs } = await shown({ repositories: [some] }, { workspace, warn })
    expect(outputs).toEqual({ pruned: '1', 'prune-path': '', 'summary-path': '' })
    expect(warnings.join('\n')).toMatch(
      /prune\.json cannot be written: .* The output "prune-path" is empty\./,
    )
  })
})

describe('the log of a prune', () => {
  it('says what would go', () => {
    const gone = Array.from({ length: 22 }, (_, index) => makePruned({ tags: [`wheel-${index}`] }))
    const lines = describePrune(makePruneRun({ repositories: [makePrunedRepository({ gone, kept, bytes })] }))
    expect(lines[0]).toBe('acme/image-cache: 22 digests would go, 0 B of 9.0 MB; 4 stay')
    expect(lines[1]).toMatch(/^ {2}sha256:a{64} {2}wheel-0$/)
    expect(lines.at(-1)).toBe('  and 2 more')
  })

  it('ends with how many were deleted', () => {
    const gone = [makePruned({ bytes: 1_500_000, fate: { state: 'deleted' } }), old]
    const repositories = [makePrunedRepository({ gone, kept, bytes })]
    expect(describePrune(makePruneRun({ apply: true, repositories }))).toEqual([
      'acme/image-cache: 1 of 2 digests were deleted, 1.5 MB of 9.0 MB; 4 stay',
    ])
  })
})
