import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ActionRun, errorsOf, runAction, type TestOptions } from '../support/action.ts'
import { legsInMemory } from '../support/many-images.ts'
import { type Content, openRegistryInMemory } from '../support/registry-in-memory.ts'
import { openRegistryProxy } from '../support/registry-proxy.ts'

const minutes = 60_000
const day = 86_400_000
const cache = 'many/image-cache'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'prune-'))
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

type Gone = { kind: string; tags: string[]; state: string }
type Result = { apply: boolean; error: string | null; repositories: { gone: Gone[] }[] }

const resultOf = ({ outputs }: ActionRun): Result =>
  JSON.parse(readFileSync(outputs['prune-path'] ?? '', 'utf8')) as Result

const goneIn = (run: ActionRun): Gone[] => resultOf(run).repositories.flatMap(({ gone }) => gone)

function prune(
  host: string,
  more: Record<string, string> = {},
  options: TestOptions = {},
): Promise<ActionRun> {
  const inputs = { command: 'prune', engine: 'vllm', registry: host, namespace: 'many', ...more }
  return runAction(inputs, options)
}

/** Half of the legs, the later ones, are young. */
const createdOf = (many: number) => (index: number) =>
  new Date(Date.now() - (index < many / 2 ? 100 - (50 * index) / many : 1) * day).toISOString()

describe('a prune of a registry', () => {
  const few = legsInMemory(cache, 8, createdOf(8))

  it('is a dry run, which shows what would go; with apply it deletes just that, and then there is nothing', async () => {
    const registry = await openRegistryInMemory(few)
    try {
      const dry = await prune(registry.host, { keep: '0' })
      expect(errorsOf(dry)).toEqual([])
      expect(registry.content()).toEqual(few)
      const would = goneIn(dry)
      expect(dry.outputs).toMatchObject({ pruned: String(would.length) })
      expect(new Set(would.map(({ kind }) => kind))).toEqual(new Set(['build', 'report', 'wheel']))
      expect(would).toHaveLength(3 * 4)
      expect(dry.summary).toContain('12 digests would be deleted')
      expect(dry.summary).toContain('apply: true')
      const real = await prune(registry.host, { keep: '0', apply: 'true' })
      expect(errorsOf(real)).toEqual([])
      expect(goneIn(real)).toEqual(would.map((one) => ({ ...one, state: 'deleted' })))
      expect(real.outputs.pruned).toBe('12')
      expect(real.summary).toContain('12 digests deleted')
      for (const { tags } of would) expect(real.log).toContain(tags[0])
      const left = registry.tagsOf(cache)
      expect([...left.keys()].sort()).toEqual(
        [...(few.get(cache)?.tags.keys() ?? [])]
          .filter((tag) => !would.some(({ tags }) => tags.includes(tag)))
          .sort(),
      )
      const again = await prune(registry.host, { keep: '0', apply: 'true' })
      expect([errorsOf(again), again.outputs.pruned]).toEqual([[], '0'])
    } finally {
      await registry.close()
    }
  })

  it('that does not delete is red before the first deletion, and its summary shows what would go', async () => {
    const registry = await openRegistryInMemory(few, { deletion: 'disabled' })
    try {
      const run = await prune(registry.host, { keep: '0', apply: 'true' })
      expect(run.code).toBe(1)
      expect(errorsOf(run).join()).toMatch(/image-cache.*405/)
      expect(run.outputs.pruned).toBe('0')
      expect(run.summary).toContain('❌ Nothing was deleted')
      expect(new Set(goneIn(run).map(({ state }) => state))).toEqual(new Set(['left']))
      expect(registry.content()).toEqual(few)
    } finally {
      await registry.close()
    }
  })

  it('with bad inputs reports all of them before any request', async () => {
    const run = await prune('127.0.0.1:9', { apply: 'true', push: 'false', 'keep-days': '0', keep: 'all' })
    expect(errorsOf(run).join('\n')).toMatch(/push: .*keep-days: .*keep: /s)
  })
})

describe('10,000 tags', () => {
  /** Writes a Node process's peak memory (proc(5): VmHWM) when it ends. */
  const measuring = (file: string): NodeJS.ProcessEnv => {
    const script = `import { readFileSync, writeFileSync } from 'node:fs'
process.on('exit', () => writeFileSync(${JSON.stringify(file)}, /VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]))`
    return { NODE_OPTIONS: `--import=data:text/javascript;base64,${Buffer.from(script).toString('base64')}` }
  }

  /** Prunes, and returns the peak in MB. */
  async function peakOf(content: Content, more: Record<string, string>): Promise<number> {
    const memory = await openRegistryInMemory(content)
    const proxy = await openRegistryProxy({ upstream: memory.host })
    const file = join(folder, 'peak')
    try {
      const run = await prune(proxy.host, { keep: '0', ...more }, { environment: measuring(file) })
      expect(errorsOf(run)).toEqual([])
      expect(goneIn(run)).toHaveLength(3 * 1250)
      expect(Buffer.byteLength(run.summary)).toBeLessThan(1024 * 1024)
      expect(proxy.peak()).toBeLessThanOrEqual(8)
      const peak = Number(readFileSync(file, 'utf8')) / 1000
      console.log(
        `a prune of 10,000 tags${more.apply === 'true' ? '' : ', dry'}: ${(run.duration / 1000).toFixed(1)} s, ${peak.toFixed()} MB, ${proxy.seen.length} requests`,
      )
      return peak
    } finally {
      await proxy.close()
      await memory.close()
    }
  }

  it(
    'of 2,500 legs are pruned in 150 MB, with at most 8 requests in flight',
    async () => {
      const content = legsInMemory(cache, 2500, createdOf(2500))
      expect(content.get(cache)?.tags.size).toBe(10_000)
      // Other load delays the collection of garbage, so the smallest of three counts.
      let smallest = Infinity
      for (let attempt = 0; attempt < 3 && smallest >= 150; attempt += 1)
        smallest = Math.min(smallest, await peakOf(content, { apply: 'true' }))
      expect(smallest).toBeLessThan(150)
    },
    5 * minutes,
  )
})
