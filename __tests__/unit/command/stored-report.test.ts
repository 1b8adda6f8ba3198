import { describe, expect, it } from '@jest/globals'
import { storedReport } from '../../../src/command/stored-report.ts'
import { stage } from '../../../src/promote/stage.ts'
import { candidateTag } from '../../../src/plan/stage-tags.ts'
import { cache, createMemory, type Memory, putImage, stageLeg, run } from '../../support/memory-client.ts'
import { makeOutcomeReport, makePlannedImage } from '../../support/reports.ts'

const [leg] = makePlannedImage().legs

async function read({ client }: Memory) {
  const lines: string[] = []
  const report = await storedReport(leg, cache, client, (line) => lines.push(line))
  return { report, lines }
}

describe('the report of a leg that somebody has staged', () => {
  it('is as it was stored', async () => {
    const memory = createMemory()
    const digest = await stageLeg(memory, leg)
    expect(await read(memory)).toEqual({ report: makeOutcomeReport(leg, undefined, { digest }), lines: [] })
  })

  it.each<[string, () => Promise<Memory>, string]>([
    ['is not there', () => Promise.resolve(createMemory()), 'the cache repository does not have it.'],
    [
      'is not one',
      async () => {
        const memory = createMemory()
        const digest = await putImage(memory, cache, candidateTag(leg, run), leg)
        await stage(memory.client, cache, leg, digest, '{"format":1}')
        return memory
      },
      'the stored report ',
    ],
    [
      'can not be read',
      () => Promise.resolve(createMemory((request) => request.startsWith('get '))),
      'registry docker.io refused "get ',
    ],
  ])('that %s is no error, and the log says why', async (_, memory, why) => {
    const { report, lines } = await read(await memory())
    expect(report).toBeUndefined()
    expect(lines).toEqual([expect.stringContaining(`vllm v0.21.0 | its report can't be shown: ${why}`)])
  })
})
