// Stores a folder as a stage artifact and restores it, in a process of its own. Prints by how many MB
// its memory grew at most, as JSON.
// usage: node store-artifact.ts FOLDER REGISTRY NAMESPACE
import { readFileSync } from 'node:fs'
import { createRegistryClient } from '../../src/registry/client.ts'
import { createRegistryStore } from '../../src/store/artifacts/registry-store.ts'

const [folder = '', registry = '', namespace = ''] = process.argv.slice(2)

/** The peak of this process so far, in MB (Linux, proc(5): VmHWM) */
function peak(): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1000
}

const client = createRegistryClient({ credentials: () => Promise.resolve(undefined) })
const store = createRegistryStore(client, { registry, path: `${namespace}/cache` }, () => new Date())
const before = peak()
await store.save('wheel-1', folder)
const saved = peak() - before
const state = await store.restore('wheel-1', `${folder}-restored`)
client.close()
console.log(JSON.stringify({ state, saved, restored: peak() - before }))
