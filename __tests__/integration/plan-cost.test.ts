import { beforeAll, describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { determinantsLabel } from '../../src/plan/keys/build-id.ts'
import { buildIdLabel } from '../../src/plan/published/published.ts'
import { digestOf } from '../../src/registry/content/digest.ts'
import { stagedTag } from '../../src/store/contents.ts'
import { errorsOf, registry } from '../support/action.ts'
import { type Document, documentOf, freshNamespace, usePlanSources } from '../support/plan-sources.ts'
import { publishBases, publishImages, type TinyImage } from '../support/planning-world.ts'
import { openRegistryProxy } from '../support/registry-proxy.ts'

const minutes = 60_000

/**
 * By the catalogue they have Python 3.12 and CUDA 12, so AIBrix and each NIXL below can be built on
 * them.
 */
const versions = {
  vllm: 'v0.9.0 v0.9.1 v0.9.2 v0.10.0 v0.10.1.1 v0.10.2 v0.11.1 v0.11.2 v0.12.0 v0.14.0'.split(' '),
  sglang:
    'v0.5.3 v0.5.3.post1 v0.5.3.post2 v0.5.3.post3 v0.5.4 v0.5.4.post1 v0.5.4.post2 v0.5.4.post3 v0.5.5 v0.5.5.post3'.split(
      ' ',
    ),
}
const repositories = { vllm: 'vllm/vllm-openai', sglang: 'lmsysorg/sglang' }
const engines = ['vllm', 'sglang'] as const

const { sources, plan } = usePlanSources()

describe('100 images', () => {
  const namespace = freshNamespace()
  const five = '0.5.1, 0.6.0, 0.6.1, 0.7.0, 0.7.1'
  const asked = engines.map((engine) => `${engine}: ${versions[engine].join(', ')}`).join('\n')

  beforeAll(async () => {
    const bases = engines.flatMap((engine) =>
      versions[engine].map((tag, index) => ({
        ...{ repository: repositories[engine], tag },
        index: index % 2 === 0,
      })),
    )
    await publishBases(namespace, bases)
  }, minutes)

  /** Writes a Node process's peak memory (proc(5): VmHWM) when it ends. */
  const measuring = (file: string): NodeJS.ProcessEnv => {
    const script = `import { readFileSync, writeFileSync } from 'node:fs'
process.on('exit', () => writeFileSync(${JSON.stringify(file)}, /VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]))`
    return {
      NODE_DISABLE_COMPILE_CACHE: '1',
      NODE_OPTIONS: `--import=data:text/javascript;base64,${Buffer.from(script).toString('base64')}`,
    }
  }

  it(
    "are planned within 2 s and 150 MB, with pip's answers stored",
    async () => {
      const times: number[] = []
      let memory = 0
      let first = 0
      for (let attempt = 0; attempt < 4; attempt += 1) {
        const file = join(sources().folder, `memory-${attempt}`)
        const run = await plan(
          registry,
          namespace,
          { versions: asked, 'nixl-version': five },
          { environment: measuring(file) },
        )
        expect(errorsOf(run)).toEqual([])
        expect(documentOf(run).images).toHaveLength(100)
        expect(
          documentOf(run).images.flatMap(({ legs }) => legs.map(({ feasibility }) => feasibility)),
        ).toEqual(Array<string>(100).fill('possible'))
        if (attempt === 0) first = run.duration
        else times.push(run.duration)
        memory = Math.max(memory, Number(readFileSync(file, 'utf8')) / 1000)
      }
      const median = times.sort((left, right) => left - right)[1] ?? Infinity
      console.log(
        `a plan of 100 images: ${median.toFixed(0)} ms (median of 3; ${first.toFixed(0)} ms when pip runs), ${memory.toFixed(0)} MB at most`,
      )
      expect(median).toBeLessThan(2000)
      expect(memory).toBeGreaterThan(20)
      expect(memory).toBeLessThan(150)
    },
    minutes,
  )

  it(
    'need no more requests than 20 images on the same bases, at most 8 in parallel',
    async () => {
      const count = async (nixl: string) => {
        const proxy = await openRegistryProxy({ delay: 20 })
        const { requests } = sources().wheels
        requests.length = 0
        try {
          const wanted = { versions: asked, 'nixl-version': nixl }
          const run = await plan(proxy.host, namespace, wanted, { pip: 'asked' })
          expect(errorsOf(run)).toEqual([])
          const { seen } = proxy
          const questions = requests.splice(0).sort()
          return { images: documentOf(run).images.length, seen, questions, peak: proxy.peak() }
        } finally {
          await proxy.close()
        }
      }
      const few = await count('0.7.1')
      const many = await count(five)
      console.log(`requests of a plan of 100 images: ${many.seen.length}, ${many.peak} in parallel`)
      expect([few.images, many.images]).toEqual([20, 100])
      expect(many.seen).toHaveLength(few.seen.length)
      // Each base has a manifest and a configuration, every second one an index; two public
      // repositories and the cache have lists.
      const reads = many.seen.filter((line) => line.startsWith('GET '))
      expect(reads).toHaveLength(20 * 2 + 10 + 3)
      expect(new Set(reads).size).toBe(reads.length)
      for (const { peak } of [few, many]) expect(peak).toBe(8)
      // All bases have the same Python and CUDA.
      for (const one of [few, many]) expect(one.questions).toEqual(['/simple/nixl-cu12/', '/simple/nixl/'])
    },
    minutes,
  )

  /**
   * Publishes the images of a plan under other dates: with the planned content and staged, or with
   * other content.
   */
  async function publish(to: string, { images }: Document, content: 'same' | 'other'): Promise<void> {
    const tinyOf = ({ id, tags, legs: [leg] }: Document['images'][number], at: number): TinyImage[] => {
      const buildId = content === 'same' ? (leg?.buildId ?? '') : digestOf(Buffer.from(id)).slice(7)
      const labels = { [buildIdLabel]: buildId, [determinantsLabel]: '{"nixl":"0.1.0"}' }
      const dates = content === 'same' ? ['20251101'] : [1, 2, 3, 4, 5, 6].map((day) => `2025110${day}`)
      const index = at % 2 === 0
      const dated = tags.flatMap((tag) => dates.map((date) => tag.replace('20251123', date)))
      const name = id.startsWith('vllm-') ? 'vllm-openai' : 'sglang'
      const staged = stagedTag({ buildId, architecture: 'amd64' })
      return [
        { repository: name, tags: dated, labels, index },
        { repository: 'image-cache', tags: [staged], labels, index },
      ]
    }
    await publishImages(to, images.flatMap(tinyOf))
  }

  it.each([
    ['published with the same content', 'same'],
    ['published with other content, on six dates', 'other'],
  ] as const)(
    'that are %s need one more request each',
    async (_, content) => {
      const to = freshNamespace()
      const wanted = { namespace: to, versions: asked }
      await publish(
        to,
        documentOf(await plan(registry, namespace, { ...wanted, 'nixl-version': five })),
        content,
      )
      const count = async (nixl: string) => {
        const proxy = await openRegistryProxy({})
        try {
          const run = await plan(proxy.host, namespace, { ...wanted, 'nixl-version': nixl })
          expect(errorsOf(run)).toEqual([])
          return { images: documentOf(run).images, seen: proxy.seen }
        } finally {
          await proxy.close()
        }
      }
      const few = await count('0.7.1')
      const many = await count(five)
      const times: number[] = []
      for (let attempt = 0; attempt < 3; attempt += 1)
        times.push((await plan(registry, namespace, { ...wanted, 'nixl-version': five })).duration)
      const fastest = Math.min(...times)
      console.log(
        `a plan of 100 images, ${_}: ${many.seen.length} requests, of 20: ${few.seen.length}; ${fastest.toFixed(0)} ms`,
      )
      expect([few.images, many.images].map(({ length }) => length)).toEqual([20, 100])
      const kinds = new Set(many.images.map(({ cause }) => cause.kind))
      expect([...kinds]).toEqual([content === 'same' ? 'unchanged' : 'changed'])
      // An index states the build id itself; a plain manifest also needs its configuration.
      const reads = (seen: string[]) => seen.filter((line) => line.startsWith('GET '))
      // If everything is published, nothing staged is checked.
      const bases = content === 'same' ? 52 : 53
      expect(reads(many.seen)).toHaveLength(bases + 50 + 2 * 50)
      expect(reads(few.seen)).toHaveLength(bases + 10 + 2 * 10)
      expect(new Set(reads(many.seen)).size).toBe(reads(many.seen).length)
      expect(fastest).toBeLessThan(4000)
    },
    minutes,
  )

  it(
    'fit into the outputs of a job as a matrix of 100 rows; 300 do not, and the error explains how to split them',
    async () => {
      const hundred = await plan(registry, namespace, { versions: asked, 'nixl-version': five })
      const { include } = JSON.parse(hundred.outputs.matrix ?? '') as { include: { leg: string }[] }
      expect(new Set(include.map(({ leg }) => leg)).size).toBe(100)
      expect((hundred.outputs.matrix ?? '').length).toBeLessThan(100 * 300)
      const more = { versions: asked, 'nixl-version': five, 'aibrix-version': 'v0.5.0, v0.6.0, v0.7.0' }
      const run = await plan(registry, namespace, more)
      expect(run.code).toBe(1)
      expect(errorsOf(run)).toHaveLength(1)
      expect(errorsOf(run)[0]).toMatch(
        /300 legs must be built \(vllm 150, sglang 150\), but GitHub allows at most 256 .*; use several workflow runs/,
      )
      expect(run.outputs.matrix ?? '').toBe('')
    },
    minutes,
  )
})
