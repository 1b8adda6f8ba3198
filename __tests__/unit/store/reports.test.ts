import { createStore } from '../../../src/store/store.ts'
import { describe, expect, it } from '@jest/globals'
import { reportAbout } from '../../../src/store/reports.ts'
import { candidateTag } from '../../../src/store/contents.ts'
import type { Digest } from '../../../src/registry/content/digest.ts'
import { serialiseReport } from '../../../src/store/leg-report.ts'
import { cache, createMemory, type Memory, putImage, stageLeg, run } from '../../support/memory-client.ts'
import { makeOutcomeReport, makePlannedImage } from '../../support/reports.ts'

const [leg] = makePlannedImage().legs
const other: Digest = `sha256:${'0'.repeat(64)}`

/** A registry with a pushed leg and this text as its report. */
async function withReport(text: (digest: Digest) => string): Promise<{ memory: Memory; digest: Digest }> {
  const memory = createMemory()
  const digest = await putImage(memory, cache, candidateTag(leg, run), leg)
  await createStore(memory.client, cache).legs.stage(leg, digest, text(digest))
  return { memory, digest }
}

describe('the report of a staged leg', () => {
  it('is as it was stored', async () => {
    const memory = createMemory()
    const digest = await stageLeg(memory, leg)
    const found = await reportAbout(leg, { digest }, cache, memory.client)
    expect(found).toEqual({ report: makeOutcomeReport(leg, undefined, { digest }) })
  })

  it('does not count if it is missing', async () => {
    const found = await reportAbout(leg, { digest: other }, cache, createMemory().client)
    expect(found).toEqual({ why: 'The cache repository has no report of it.' })
  })

  it('does not count if it is not a report', async () => {
    const { memory, digest } = await withReport(() => '{"format":1}')
    const found = await reportAbout(leg, { digest }, cache, memory.client)
    expect(found).toEqual({ why: expect.stringContaining('the stored report '), isUnreadable: true })
  })

  it('does not count if it is about another image', async () => {
    const text = (digest: Digest) => serialiseReport(makeOutcomeReport(leg, undefined, { digest }))
    const { memory, digest } = await withReport(text)
    const found = await reportAbout(leg, { digest: other }, cache, memory.client)
    expect(found).toEqual({ why: `The stored report is of another build, ${digest}.` })
  })

  it('is an error if the registry fails', async () => {
    const memory = createMemory((request) => request.startsWith('get '))
    await expect(reportAbout(leg, { digest: other }, cache, memory.client)).rejects.toThrow('refused "get ')
  })
})
