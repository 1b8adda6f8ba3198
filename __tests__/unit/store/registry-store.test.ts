import { describe, expect, it } from '@jest/globals'
import { mkdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { createRegistryStore } from '../../../src/store/artifacts/registry-store.ts'
import { UserError } from '../../../src/errors.ts'
import { putArtifact } from '../../../src/registry/artifact.ts'
import { newFolder, storedFolder, wanted } from '../../support/artifact-folder.ts'
import { cache, createMemory, type Memory } from '../../support/memory-client.ts'

const created = new Date('2025-11-23T00:00:00Z')

const open = ({ client }: Memory) => createRegistryStore(client, cache, () => new Date())
const { wheel, ucx } = wanted
const notYet = (): string => join(newFolder(), 'restored')

describe('stage artifacts in a registry', () => {
  it('are restored on another runner as they were saved', async () => {
    const memory = createMemory()
    const folder = storedFolder(ucx)
    await open(memory).save(ucx.name, folder)
    const restored = notYet()
    expect(await open(memory).restore(ucx.name, restored)).toBe('restored')
    for (const file of ['made-from.json', 'content/source.json', 'content/bin/ucx_info'])
      expect(readFileSync(join(restored, file))).toEqual(readFileSync(join(folder, file)))
    expect(readlinkSync(join(restored, 'content/lib/libucp.so.0'))).toBe('libucp.so.0.0.0')
  })

  it('have a tag each', async () => {
    const memory = createMemory()
    for (const artifact of [wheel, ucx]) await open(memory).save(artifact.name, storedFolder(artifact))
    expect(Object.keys(memory.tagsOf(cache)).sort()).toEqual([ucx.name, wheel.name].sort())
  })

  it('replace earlier ones with the same name', async () => {
    const memory = createMemory()
    const store = open(memory)
    for (const version of ['1.0', '2.0']) await store.save(wheel.name, storedFolder(wheel, { version }))
    const restored = notYet()
    await store.restore(wheel.name, restored)
    expect(readFileSync(join(restored, 'content/source.json'), 'utf8')).toContain('"version":"2.0"')
  })

  it('are absent if none was saved', async () => {
    expect(await open(createMemory()).restore(wheel.name, notYet())).toBe('absent')
  })

  it('are absent if the tag is for something else', async () => {
    const memory = createMemory()
    const bytes = Buffer.from('{}')
    await putArtifact(memory.client, cache, wheel.name, { created, type: 'application/x', bytes })
    expect(await open(memory).restore(wheel.name, notYet())).toBe('absent')
  })

  it('are an error if they are invalid', async () => {
    const memory = createMemory()
    const type = 'application/vnd.aibrix.image-action.artifact.v1.tar+gzip'
    await putArtifact(memory.client, cache, wheel.name, { created, type, bytes: Buffer.from('no archive') })
    await expect(open(memory).restore(wheel.name, notYet())).rejects.toThrow(UserError)
  })

  it('are an error if the registry refuses them', async () => {
    const folder = newFolder()
    mkdirSync(join(folder, 'content'))
    const memory = createMemory((request) => request.startsWith('put '))
    await expect(open(memory).save(wheel.name, folder)).rejects.toThrow('registry docker.io refused')
  })
})

describe('the reference of a stage artifact', () => {
  const tag = `docker.io/aibrix/image-cache:${wheel.name}`

  it('is its tag at first, with its digest once it was saved', async () => {
    const memory = createMemory()
    const store = open(memory)
    expect(store.referenceOf?.(wheel.name)).toBe(tag)
    await store.save(wheel.name, storedFolder(wheel))
    expect(store.referenceOf?.(wheel.name)).toBe(`${tag}@${memory.tagsOf(cache)[wheel.name] ?? ''}`)
  })

  it('has its digest once it was restored', async () => {
    const memory = createMemory()
    await open(memory).save(wheel.name, storedFolder(wheel))
    const store = open(memory)
    await store.restore(wheel.name, notYet())
    expect(store.referenceOf?.(wheel.name)).toBe(`${tag}@${memory.tagsOf(cache)[wheel.name] ?? ''}`)
    expect(store.referenceOf?.(ucx.name)).toBe(`docker.io/aibrix/image-cache:${ucx.name}`)
  })
})
