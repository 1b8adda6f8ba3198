import { expect, it } from '@jest/globals'
import { digestOf, errorsOf, runAction, tagsOf } from '../support/action.ts'
import { openRegistryProxy } from '../support/registry-proxy.ts'
import { useStandIns } from '../support/stand-in-inputs.ts'

const minutes = 60_000

const world = useStandIns()

/** The delays that users have */
const patient = { environment: { IMAGE_ACTION_WAITS: '' } }

const wanted = { engine: 'vllm', versions: 'v0.21.0', 'aibrix-version': 'v0.7.0', 'gpu-architectures': '9.0' }

/** Returns the content of a namespace: tag → digest. */
async function stateOf(namespace: string): Promise<Record<string, string | null>> {
  const repositories = [`${namespace}/vllm-openai`, `${namespace}/image-cache`]
  const names = await Promise.all(
    repositories.map(async (name) => (await tagsOf(name)).map((tag) => [name, tag] as const)),
  )
  const entries = names.flat().map(async ([name, tag]) => [`${name}:${tag}`, await digestOf(name, tag)])
  return Object.fromEntries(await Promise.all(entries)) as Record<string, string | null>
}

it(
  'two runs of the same plan that start at the same time both succeed, with the same tags for the same content',
  async () => {
    const namespace = `${world().namespace}-at-once`
    const both = await Promise.all(
      [1, 2].map(() => runAction(world().inputs({ ...wanted, namespace }), patient)),
    )
    for (const run of both) {
      expect(errorsOf(run)).toEqual([])
      expect(run.code).toBe(0)
    }
    const [first, second] = both.map(({ outputs }) => JSON.parse(outputs.digests ?? '') as object)
    expect(second).toEqual(first)
    expect(Object.values(await stateOf(namespace))).toContain(Object.values(first ?? {})[0])
    // A third run has nothing to do.
    const before = await stateOf(namespace)
    const third = await runAction(world().inputs({ ...wanted, namespace }))
    expect(third.outputs.changed).toBe('false')
    expect(await stateOf(namespace)).toEqual(before)
  },
  10 * minutes,
)

it(
  'a run that is overtaken between its push and its gates publishes what the other run verified',
  async () => {
    const namespace = `${world().namespace}-overtaken`
    let overtaken = false
    const proxy = await openRegistryProxy({
      before: async (seen) => {
        if (overtaken || !/^GET .*\/image-cache\/manifests\/sha256:/.test(seen)) return undefined
        overtaken = true
        const other = await runAction(world().inputs({ ...wanted, namespace }))
        expect(other.code).toBe(0)
        return undefined
      },
    })
    try {
      const run = await runAction(world().inputs({ ...wanted, namespace, registry: proxy.host }))
      expect(overtaken).toBe(true)
      expect(errorsOf(run)).toEqual([])
      expect(run.code).toBe(0)
      const state = await stateOf(namespace)
      const staged = Object.keys(state).filter((name) => name.includes(':build-'))
      expect(staged).toHaveLength(1)
      expect(Object.values(JSON.parse(run.outputs.digests ?? '') as object)).toEqual([
        state[`${namespace}/vllm-openai:v0.21.0-aibrix-v0.7.0-nixl-0.7.1-20251123`],
      ])
    } finally {
      await proxy.close()
    }
  },
  10 * minutes,
)
