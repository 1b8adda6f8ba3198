import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { type ActionRun, digestOf, errorsOf, registry, runAction, tagsOf } from '../support/action.ts'
import { isWrite, openRegistryProxy, type RegistryProxy } from '../support/registry-proxy.ts'
import { useStandIns } from '../support/stand-in-inputs.ts'
import { copyTag, readRegistry, rowsOf } from '../support/two-platforms.ts'

const minutes = 60_000

const world = useStandIns()

const vllm = {
  engine: 'vllm',
  versions: 'v0.21.0',
  'aibrix-version': 'v0.7.0',
  'gpu-architectures': '9.0',
}

/** Credentials for everything: the registry would not stop a pull request from writing. */
const credentials = { user: 'robot', password: 'may-write-everything' }

let proxy: RegistryProxy
let namespace: string

function act(more: Record<string, string>, environment: NodeJS.ProcessEnv = {}): Promise<ActionRun> {
  const login = { username: credentials.user, password: credentials.password }
  const inputs = world().inputs({ ...vllm, ...login, registry: proxy.host, namespace, ...more })
  return runAction(inputs, { environment })
}

/** Returns every tag of the repositories that a release reads and writes, with its digest. */
async function everything(): Promise<Record<string, string | null>> {
  const named: Record<string, string | null> = {}
  for (const repository of ['image-cache', 'vllm-openai'])
    for (const tag of await tagsOf(`${namespace}/${repository}`))
      named[`${repository}:${tag}`] = await digestOf(`${namespace}/${repository}`, tag)
  return named
}

beforeAll(async () => {
  proxy = await openRegistryProxy({ credentials })
  namespace = `${world().namespace}-trusted`
  // The result of a release: something to read, and something to damage.
  const run = await act({ push: 'true' })
  expect(errorsOf(run)).toEqual([])
  expect(Object.keys(await everything()).length).toBeGreaterThan(3)
}, 5 * minutes)

afterAll(() => proxy.close())

describe('a pull request with credentials for everything', () => {
  const event = { GITHUB_EVENT_NAME: 'pull_request_target' }

  /** Returns the requests of a command, which must change nothing. */
  async function onlyReads(more: Record<string, string>): Promise<ActionRun> {
    const before = await everything()
    const from = proxy.seen.length
    const run = await act(more, event)
    const seen = proxy.seen.slice(from)
    expect(errorsOf(run)).toEqual([])
    expect(run.code).toBe(0)
    expect(seen.filter(isWrite)).toEqual([])
    expect(await everything()).toEqual(before)
    return run
  }

  it(
    'rebuilds and verifies everything if it requests that and public tags, and sends the registry only GET and HEAD',
    async () => {
      const from = proxy.seen.length
      const run = await onlyReads({ force: 'true', 'overwrite-tags': 'true', date: '20251124' })
      expect(proxy.seen.length).toBeGreaterThan(from)
      expect(run.summary).toContain('built and verified, not pushed')
      expect(JSON.parse(run.outputs.tags ?? '')).toEqual([])
    },
    5 * minutes,
  )

  it(
    'plans for many runners in a file and promotes nothing',
    async () => {
      const { log, outputs } = await onlyReads({
        command: 'plan',
        'build-args': 'RUNNERS=many',
        date: '20251124',
      })
      const plan = outputs.plan ?? ''
      expect(log).toContain('It is a file on this runner only: nothing is pushed in this run')
      expect(readFileSync(plan, 'utf8')).toContain('"publicTags": "ignore"')
      const before = await everything()
      const from = proxy.seen.length
      const promoted = await act({ command: 'promote', plan }, event)
      expect(errorsOf(promoted).join()).toContain('no pull request')
      expect(proxy.seen.slice(from)).toEqual([])
      expect(await everything()).toEqual(before)
    },
    5 * minutes,
  )
})

describe('the base that is pulled', () => {
  it(
    'stays that of the plan if its tag moves between plan and build, and is requested only by digest',
    async () => {
      const bases = `${world().namespace}-moving`
      const source = 'stand-in/vllm/vllm-openai'
      const planned = (await digestOf(source, 'v0.21.0')) ?? ''
      const other = (await digestOf(source, 'v0.10.2')) ?? ''
      await copyTag(source, planned, `${bases}/vllm/vllm-openai`, 'v0.21.0')
      const more = { 'base-registry': `${proxy.host}/${bases}`, namespace: `${bases}-public`, push: 'true' }
      const plan = await act({ ...more, command: 'plan' })
      expect(errorsOf(plan)).toEqual([])
      await copyTag(source, other, `${bases}/vllm/vllm-openai`, 'v0.21.0')
      expect(await digestOf(`${bases}/vllm/vllm-openai`, 'v0.21.0')).toBe(other)
      const from = proxy.seen.length
      const [row] = rowsOf(plan)
      const built = await act({
        ...more,
        command: 'build',
        plan: plan.outputs.plan ?? '',
        leg: row?.leg ?? '',
      })
      expect(errorsOf(built)).toEqual([])
      const asked = proxy.seen.slice(from).filter((seen) => seen.includes(`/${bases}/vllm/`))
      expect(asked.filter((seen) => /\/manifests\/(?!sha256:)/.test(seen))).toEqual([])
      const [image] = JSON.parse(built.outputs.images ?? '') as { legs: { digest: string; base: string }[] }[]
      expect(JSON.stringify(image?.legs[0]?.base)).toContain(planned)
      // The image has the layers of the planned base.
      const layersOf = async (repository: string, digest: string): Promise<string[]> => {
        type Manifest = {
          manifests?: { digest: string; platform?: { os: string } }[]
          layers?: { digest: string }[]
        }
        const types = ['oci.image.index.v1', 'oci.image.manifest.v1'].map(
          (type) => `application/vnd.${type}+json`,
        )
        const { manifests, layers } = await readRegistry<Manifest>(
          `${repository}/manifests/${digest}`,
          types.join(', '),
        )
        const first = manifests?.find(({ platform }) => platform?.os === 'linux')
        return first
          ? layersOf(repository, first.digest)
          : (layers ?? []).map((layer: { digest: string }) => layer.digest)
      }
      const base = await layersOf(source, planned)
      const image0 = await layersOf(`${bases}-public/image-cache`, image?.legs[0]?.digest ?? '')
      expect(image0.slice(0, base.length)).toEqual(base)
      expect(base).not.toEqual(await layersOf(source, other))
      expect(registry).not.toBe(proxy.host)
    },
    5 * minutes,
  )
})
