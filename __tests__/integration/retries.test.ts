import { expect, it } from '@jest/globals'
import { digestOf, errorsOf, runAction, tagsOf } from '../support/action.ts'
import { openRegistryProxy } from '../support/registry-proxy.ts'
import { useStandIns } from '../support/stand-in-inputs.ts'

const minutes = 60_000
const world = useStandIns()
const tag = 'v0.21.0-aibrix-v0.7.0-nixl-0.7.1-20251123'
const wanted = { engine: 'vllm', versions: 'v0.21.0', 'aibrix-version': 'v0.7.0', 'gpu-architectures': '9.0' }

it(
  'a registry that fails once at each kind of request costs only time',
  async () => {
    const namespace = `${world().namespace}-once`
    const kinds = [/^GET \S+\/tags\/list/, /^(?:GET|HEAD) \S+\/manifests\//, /^GET \S+\/blobs\//]
    kinds.push(/^POST \S+\/uploads\//, /^(?:PUT|PATCH) \S+\/uploads\//, /^PUT \S+\/manifests\//)
    const failed = new Set<RegExp>()
    const proxy = await openRegistryProxy({
      before: (seen) => {
        const kind = kinds.find((one) => !failed.has(one) && one.test(seen))
        if (kind === undefined || !seen.includes(namespace)) return undefined
        failed.add(kind)
        return 503
      },
    })
    const run = await runAction(world().inputs({ ...wanted, registry: proxy.host, namespace }))
    await proxy.close()
    expect(errorsOf(run)).toEqual([])
    expect(run.code).toBe(0)
    expect(failed.size).toBeGreaterThanOrEqual(4)
    expect(run.log).toMatch(/: 503 service unavailable; retry 1 of 3 in 0\.\d s/)
    expect(run.summary).toMatch(/<summary>(?:1 retry|\d+ retries)<\/summary>/)
    const named = Object.values(JSON.parse(run.outputs.digests ?? '{}') as Record<string, string>)
    expect(named).toEqual([await digestOf(`${namespace}/vllm-openai`, tag)])
  },
  5 * minutes,
)

it(
  'a registry that keeps failing is reported once, with the number of attempts, and nothing is published',
  async () => {
    const namespace = `${world().namespace}-ever`
    const proxy = await openRegistryProxy({ broken: true })
    const inputs = world().inputs({ ...wanted, registry: proxy.host, namespace, retries: '2' })
    const run = await runAction(inputs)
    await proxy.close()
    expect(run.code).toBe(1)
    expect(errorsOf(run)).toHaveLength(1)
    expect(errorsOf(run)[0]).toMatch(/500 internal server error; .*; gave up after 3 attempts\./)
    expect(run.log).toContain('retry 2 of 2')
    expect(await tagsOf(`${namespace}/vllm-openai`)).toEqual([])
  },
  5 * minutes,
)
