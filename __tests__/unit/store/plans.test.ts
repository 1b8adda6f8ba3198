import { createStore } from '../../../src/store/store.ts'
import { afterAll, describe, expect, it } from '@jest/globals'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type PlanPlace, readPlan } from '../../../src/store/plans.ts'
import { UserError } from '../../../src/errors.ts'
import { parsePlan, serialisePlan } from '../../../src/store/plan-document.ts'
import type { Plan } from '../../../src/plan/plan.ts'
import { RegistryRefusal } from '../../../src/registry/http/failure.ts'
import { parseReference } from '../../../src/registry/content/reference.ts'
import { cache, createMemory, type Memory } from '../../support/memory-client.ts'
import { makePlan, makePlannedImage, sglang } from '../../support/reports.ts'

const folder = mkdtempSync(join(tmpdir(), 'plan-store-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

const plan = makePlan([makePlannedImage(), makePlannedImage(sglang())])
/** As it is read, whoever wrote it */
const read = parsePlan(serialisePlan(plan), 'it')
const newFile = (): string => join(mkdtempSync(join(folder, 'root-')), 'plan.json')
const asItIs = (text: string): string => text

/** @returns the place of a reference, as of the input `plan` */
function placeOf(reference: string): PlanPlace {
  const { registry, path, tag } = parseReference(reference)
  return { kind: 'registry', repository: { registry, path }, tag: tag ?? '' }
}

const store = (memory: Memory, of: Plan = plan, file = newFile()) =>
  createStore(memory.client, of.cacheRepository).plans.write(of, file, asItIs)

describe('a plan that is stored', () => {
  it('is found by its reference on another runner', async () => {
    const memory = createMemory()
    const { reference, why } = await store(memory)
    expect(reference).toMatch(/^docker\.io\/aibrix\/image-cache:plan-[0-9a-f]{64}$/)
    expect(why).toBeUndefined()
    expect(await readPlan(memory.client, placeOf(reference))).toEqual(read)
  })

  it('is also a file with the same content', async () => {
    const [memory, file] = [createMemory(), newFile()]
    await store(memory, plan, file)
    expect(readFileSync(file, 'utf8')).toBe(serialisePlan(plan))
    expect(await readPlan(memory.client, { kind: 'file', path: file })).toEqual(read)
  })

  it('has the same reference for the same content, and another one otherwise', async () => {
    const memory = createMemory()
    const [one, again] = [await store(memory), await store(memory)]
    const other = await store(memory, makePlan([makePlannedImage()]))
    expect(again).toEqual(one)
    expect(other.reference).not.toBe(one.reference)
  })

  it('is only a file if nothing is pushed', async () => {
    const [memory, file] = [createMemory(), newFile()]
    const stored = await store(memory, { ...plan, publicTags: 'ignore' }, file)
    expect(stored).toEqual({ reference: file, why: 'nothing is pushed in this run' })
    expect(existsSync(file)).toBe(true)
    expect(memory.seen).toEqual([])
  })

  it.each([401, 403, 404, 405])('is only a file if the registry refuses it with %d', async (status) => {
    const { client } = createMemory()
    const details = { status, code: undefined, retryAfter: undefined }
    const refusal = new RegistryRefusal('docker.io refused it', 'log in', details)
    const file = newFile()
    const stored = await createStore(
      { ...client, putBlob: () => Promise.reject(refusal) },
      plan.cacheRepository,
    ).plans.write(plan, file, asItIs)
    expect(stored).toEqual({ reference: file, why: 'docker.io refused it; log in.' })
    expect(existsSync(file)).toBe(true)
  })

  it('is an error if the registry fails', async () => {
    const memory = createMemory((request) => request.startsWith('put '))
    await expect(store(memory)).rejects.toThrow(/^registry docker\.io refused "put aibrix\/image-cache:plan-/)
  })

  it('is an error, and not written, if it contains a secret', async () => {
    const [memory, file] = [createMemory(), newFile()]
    const redact = (text: string): string => text.replaceAll('v0.21.0', '***')
    const stored = createStore(memory.client, plan.cacheRepository).plans.write(plan, file, redact)
    await expect(stored).rejects.toThrow(UserError)
    await expect(stored).rejects.toThrow(/^The plan would contain the password, the token or another secret/)
    expect(existsSync(file)).toBe(false)
    expect(memory.seen).toEqual([])
  })
})

describe('a plan that can not be read', () => {
  it('does not exist', async () => {
    const name = `docker.io/aibrix/image-cache:plan-${'0'.repeat(64)}`
    await expect(readPlan(createMemory().client, placeOf(name))).rejects.toThrow(
      `The plan ${name} does not exist; create it with command: plan.`,
    )
  })

  it('is not the one that its tag names', async () => {
    const memory = createMemory()
    const [one, other] = [await store(memory), await store(memory, makePlan([makePlannedImage()]))]
    const [tag = '', otherTag = ''] = [one, other].map(({ reference }) => parseReference(reference).tag)
    const digest = memory.tagsOf(cache)[otherTag]
    if (digest) memory.tag(cache, tag, digest)
    await expect(readPlan(memory.client, placeOf(one.reference))).rejects.toThrow(
      `${one.reference} is not the plan that its tag names; it was changed, so create it again with command: plan.`,
    )
  })

  it('is a file without a plan, which the error names', async () => {
    const path = newFile()
    writeFileSync(path, '{}')
    const loaded = readPlan(createMemory().client, { kind: 'file', path })
    await expect(loaded).rejects.toThrow(UserError)
    await expect(loaded).rejects.toThrow(path)
  })
})
