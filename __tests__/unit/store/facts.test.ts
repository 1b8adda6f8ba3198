import { describe, expect, it } from '@jest/globals'
import { createStore } from '../../../src/store/store.ts'
import { cache, createMemory } from '../../support/memory-client.ts'
import { asRoot, makeBase, makeLeg } from '../../support/verified-leg.ts'

describe('the facts of a base', () => {
  const { base } = makeLeg()
  const facts = asRoot(makeBase())
  const other = { ...facts, pipCheck: [] }
  const open = () => createStore(createMemory().client, cache).facts

  it('are undefined at first, and then as stored', async () => {
    const stored = open()
    expect(await stored.read(base)).toBeUndefined()
    await stored.write(base, facts)
    expect(await stored.read(base)).toEqual(facts)
  })

  it('are requested from the registry once, and again after a failure', async () => {
    let fails = true
    const { client, seen } = createMemory(() => fails)
    const stored = createStore(client, cache).facts
    await expect(Promise.all([stored.read(base), stored.read(base)])).rejects.toThrow('refused')
    expect(seen).toHaveLength(1)
    fails = false
    await Promise.all([stored.read(base), stored.read(base)])
    await stored.read(base)
    expect(seen).toHaveLength(2)
  })

  it.each([
    [true, other],
    [false, facts],
  ])('are replaced by others: %s', async (replace, expected) => {
    const stored = open()
    await stored.write(base, facts)
    await stored.write(base, other, replace)
    expect(await stored.read(base)).toEqual(expected)
  })
})
