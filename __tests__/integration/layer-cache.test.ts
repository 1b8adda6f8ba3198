import { describe, expect, it } from '@jest/globals'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { noFreshEngine, openFreshEngine } from '../../script/fresh-engine.ts'
import { digestOf, errorsOf, registry, runAction, tagsOf } from '../support/action.ts'
import { isWrite, openRegistryProxy } from '../support/registry-proxy.ts'
import { useStandIns } from '../support/stand-in-inputs.ts'
import { copyTag } from '../support/two-platforms.ts'

const minutes = 60_000

const world = useStandIns()
let namespaces = 0

/**
 * A leg in its own namespace, with the first NIXL of its UCX, so that another NIXL needs nothing
 * else
 */
function leg(more: Record<string, string> = {}) {
  namespaces += 1
  const namespace = `${world().namespace}-layers-${namespaces}`
  const inputs = world().inputs({
    engine: 'vllm',
    versions: 'v0.10.2',
    'aibrix-version': 'v0.5.0',
    'nixl-version': '0.7.0',
    'gpu-architectures': '9.0',
    namespace,
    ...more,
  })
  return { inputs, cache: `${namespace}/image-cache` }
}

/** Copies what was compiled for the first of these legs, so that an engine without a cache compiles nothing. */
async function giveCompiled(cache: string): Promise<void> {
  const first = `${world().namespace}-layers-1/image-cache`
  for (const tag of await tagsOf(first))
    if (/^(?:facts|extension|wheel|ucx)-/.test(tag))
      await copyTag(first, (await digestOf(first, tag)) ?? '', cache, tag)
}

async function layersTag(): Promise<string> {
  const digest = await digestOf('stand-in/vllm/vllm-openai', 'v0.10.2')
  return `layers-${(digest ?? '').replace('sha256:', '')}`
}

type Manifest = { mediaType: string; layers: { mediaType: string; digest: string }[]; config: object }

async function manifestOf(repository: string, reference: string): Promise<Manifest> {
  const types = ['application/vnd.oci.image.manifest.v1+json', 'application/vnd.oci.image.index.v1+json']
  const answer = await fetch(`http://${registry}/v2/${repository}/manifests/${reference}`, {
    headers: { accept: types.join(', ') },
  })
  const manifest = (await answer.json()) as Manifest & { manifests?: { digest: string }[] }
  const [first] = manifest.manifests ?? []
  return first ? manifestOf(repository, first.digest) : manifest
}

describe('the layer cache', () => {
  it(
    'holds only the layers of the image, once per base for all versions of AIBrix and NIXL',
    async () => {
      const { inputs, cache } = leg()
      const tag = await layersTag()
      for (const nixl of ['0.7.0', '0.7.1']) {
        const run = await runAction({ ...inputs, 'nixl-version': nixl })
        expect(errorsOf(run)).toEqual([])
        expect(run.summary).not.toContain('layer cache')
        const tags = await tagsOf(cache)
        expect(tags.filter((name) => name.startsWith('layers-'))).toEqual([tag])
      }
      const kept = await manifestOf(cache, tag)
      expect(kept.mediaType).toBe('application/vnd.oci.image.manifest.v1+json')
      const { layers } = await manifestOf(`${cache.split('/')[0] ?? ''}/vllm-openai`, await publicTag(cache))
      const known = new Set(layers.map(({ digest }) => digest))
      expect(kept.layers.length).toBeGreaterThan(5)
      expect(kept.layers.filter(({ digest }) => !known.has(digest))).toEqual([])
    },
    6 * minutes,
  )

  it.each([
    ['is read-only', (seen: string) => isWrite(seen), ['written']],
    ['is denied', () => true, ['read', 'written']],
  ])(
    'costs only a warning if it %s',
    async (_, isDenied, expected) => {
      const tag = await layersTag()
      const proxy = await openRegistryProxy({
        before: (seen) => (seen.endsWith(`/manifests/${tag}`) && isDenied(seen) ? 403 : undefined),
      })
      try {
        const { inputs, cache } = leg({ registry: proxy.host })
        const run = await runAction(inputs)
        expect(errorsOf(run)).toEqual([])
        expect(run.code).toBe(0)
        const said = [...run.summary.matchAll(/The layer cache \S+ could not be (read|written)\b.*403/g)]
        expect([...new Set(said.map((match) => match[1]))]).toEqual(expected)
        expect((await tagsOf(cache)).filter((name) => name.startsWith('layers-'))).toEqual([])
        // The warning is not about the image, so it is not in the report.
        const again = await runAction(inputs)
        expect(again.summary).not.toContain('layer cache')
      } finally {
        await proxy.close()
      }
    },
    6 * minutes,
  )

  const fresh = noFreshEngine() === undefined ? it : it.skip
  fresh(
    'provides a fresh engine with the layers below a new NIXL, and every RUN of the second call is cached too',
    async () => {
      const { inputs, cache } = leg()
      await giveCompiled(cache)
      // An engine that runs the same step several times in parallel, like that of all tests, may
      // store one result and export another.
      const first = await openFreshEngine()
      try {
        expect((await runAction(inputs, { environment: first.environment })).code).toBe(0)
      } finally {
        await first.close()
      }
      const engine = await openFreshEngine()
      try {
        const run = await runAction(
          { ...inputs, 'nixl-version': '0.7.1' },
          { environment: engine.environment },
        )
        expect(errorsOf(run)).toEqual([])
        // The log shows a step once; the log file shows it for each call.
        const logs = run.outputs['logs-path'] ?? ''
        const whole = readdirSync(logs).map((name) => readFileSync(join(logs, name), 'utf8'))
        const taken = (step: string) =>
          [...whole.join('').matchAll(new RegExp(`RUN ${step}: (cached|done)`, 'g'))].map((match) => match[1])
        // The last layer that is reused is pulled by a later call, which then counts as done.
        expect(taken('install-debug-tools')[0]).toBe('cached')
        const [nixl, ...nixlAgain] = taken('install-nixl')
        expect([nixl === 'cached', new Set(nixlAgain)]).toEqual([false, new Set(['cached'])])
      } finally {
        await engine.close()
      }
    },
    10 * minutes,
  )

  fresh(
    'that has lost its layers costs only a warning',
    async () => {
      const { inputs, cache } = leg()
      expect((await runAction(inputs)).code).toBe(0)
      const lost = (await manifestOf(cache, await layersTag())).layers.map(({ digest }) => digest)
      let asked = 0
      const proxy = await openRegistryProxy({
        before: (seen) => {
          const isLost = seen.startsWith('GET ') && lost.some((digest) => seen.endsWith(`/blobs/${digest}`))
          if (!isLost) return undefined
          asked += 1
          return 404
        },
      })
      const engine = await openFreshEngine()
      try {
        const run = await runAction(
          { ...inputs, registry: proxy.host, 'nixl-version': '0.7.1' },
          { environment: engine.environment },
        )
        expect(errorsOf(run)).toEqual([])
        expect(run.code).toBe(0)
        expect(asked).toBeGreaterThan(0)
        expect(run.summary).toMatch(/The layer cache \S+ could not be used, .*: not found/)
      } finally {
        await engine.close()
        await proxy.close()
      }
    },
    10 * minutes,
  )
})

async function publicTag(cache: string): Promise<string> {
  const tags = await tagsOf(`${cache.split('/')[0] ?? ''}/vllm-openai`)
  return tags.find((tag) => tag.includes('nixl-0.7.1')) ?? ''
}
