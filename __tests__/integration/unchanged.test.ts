import { beforeAll, describe, expect, it } from '@jest/globals'
import { globSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type ActionRun, digestOf, errorsOf, registry, runAction, tagsOf } from '../support/action.ts'
import { type Door, isWrite, openRegistryProxy } from '../support/registry-proxy.ts'
import { useStandIns, withProgram } from '../support/stand-in-inputs.ts'
import {
  copyTag,
  type Image,
  imageType,
  type Index,
  indexType,
  readRegistry,
} from '../support/two-platforms.ts'

const minutes = 60_000

const world = useStandIns()

const wanted = {
  engine: 'vllm, sglang',
  versions: 'vllm: v0.21.0\nsglang: v0.5.11',
  'aibrix-version': 'v0.7.0',
  'gpu-architectures': '9.0',
}
const repositories = ['vllm-openai', 'sglang'] as const
const tagOn = (date: string) => ({
  'vllm-openai': `v0.21.0-aibrix-v0.7.0-nixl-0.7.1-${date}`,
  sglang: `v0.5.11-aibrix-v0.7.0-nixl-0.7.1-${date}`,
})
const first = tagOn('20251123')
const bases = {
  'vllm-openai': 'stand-in/vllm/vllm-openai/manifests/v0.21.0',
  sglang: 'stand-in/lmsysorg/sglang/manifests/v0.5.11',
}

let built: ActionRun
/** Milliseconds since 1970 at which nothing was left to build */
let builtAt: number
let counter = 0

beforeAll(async () => {
  built = await runAction(world().inputs({ ...wanted, provenance: 'mode=min' }))
  expect(errorsOf(built)).toEqual([])
  builtAt = Date.now()
}, 10 * minutes)

/** Creates a namespace with only both published images, under the first date or others. */
async function published(tags: Partial<Record<(typeof repositories)[number], string[]>> = {}) {
  const namespace = `${world().namespace}-${(counter += 1)}`
  const source = world().namespace
  for (const name of repositories) {
    const digest = await digestOf(`${source}/${name}`, first[name])
    for (const tag of tags[name] ?? [first[name]])
      await copyTag(`${source}/${name}`, digest ?? '', `${namespace}/${name}`, tag)
  }
  for (const tag of await tagsOf(`${source}/image-cache`))
    if (tag.startsWith('report-')) {
      const digest = await digestOf(`${source}/image-cache`, tag)
      await copyTag(`${source}/image-cache`, digest ?? '', `${namespace}/image-cache`, tag)
    }
  return namespace
}

type Observed = { run: ActionRun; seen: string[]; namespace: string; host: string }

/** Runs as on a fresh runner: with a docker that always fails, and every request counted. */
async function observe(namespace: string, more: Record<string, string>, door: Door = {}): Promise<Observed> {
  const log = join(mkdtempSync(join(tmpdir(), 'called-')), 'log')
  const path = withProgram(
    mkdtempSync(join(tmpdir(), 'path-')),
    'docker',
    `#!/bin/sh\necho "$*" >>${log}\nexit 1\n`,
  )
  const proxy = await openRegistryProxy(door)
  try {
    const { 'base-registry': bases = '', ...inputs } = world().inputs({ ...wanted, namespace, ...more })
    const base = bases.replace(/^[^/]+/, proxy.host)
    const run = await runAction(
      { ...inputs, registry: proxy.host, 'base-registry': base },
      { environment: { PATH: path } },
    )
    expect(() => readFileSync(log)).toThrow('ENOENT')
    return { run, seen: [...proxy.seen], namespace, host: proxy.host }
  } finally {
    await proxy.close()
  }
}

/**
 * Layers are the only large blobs; configurations and reports are recognised by their digests in
 * manifests.
 */
const isBlobMoved = (line: string): boolean => /^(?:POST|PUT|PATCH) \S*\/blobs\//.test(line)

function expectGreen({ run }: Observed): void {
  expect(errorsOf(run)).toEqual([])
  expect(run.code).toBe(0)
}

/** Returns the tables of a summary between two headings. */
function tableAfter(summary: string, start: RegExp): string {
  const from = summary.search(start)
  expect(from).toBeGreaterThan(-1)
  return /(?:^\|.*\n?)+/m.exec(summary.slice(from))?.[0] ?? ''
}

/**
 * Returns the digests of the layers of a published image and of its base, which is also a single
 * image.
 */
async function layersUnder(namespace: string, name: (typeof repositories)[number]): Promise<string[]> {
  const published = `${namespace}/${name}`
  const { manifests } = await readRegistry<Index>(`${published}/manifests/${first[name]}`, indexType)
  const images = await Promise.all([
    readRegistry<Image>(bases[name], 'application/vnd.docker.distribution.manifest.v2+json'),
    ...manifests.map(({ digest }) => readRegistry<Image>(`${published}/manifests/${digest}`, imageType)),
  ])
  const layers = images.map((image) => image.layers.map(({ digest }) => digest))
  for (const each of layers) expect(each.length).toBeGreaterThan(0)
  return layers.flat()
}

describe('a run with nothing new', () => {
  it(
    'keeps the published tags, moves no layer, and needs at most 12 requests per image and 3 s, with tokens as on Docker Hub',
    async () => {
      const observed = await observe(await published(), { date: '20251130' }, { tokens: 'for everybody' })
      const { run, seen, namespace, host } = observed
      expectGreen(observed)
      // The fastest counts, because other work on the machine delays some.
      let { duration } = run
      for (let attempt = 1; attempt < 6 && duration >= 3000; attempt += 1)
        duration = Math.min(duration, (await observe(namespace, { date: '20251130' })).run.duration)
      console.log(`a run with nothing new: ${seen.length} requests for 2 images, ${duration.toFixed(0)} ms`)
      expect(seen.filter(isWrite)).toEqual([])
      const layers = (await Promise.all(repositories.map((name) => layersUnder(namespace, name)))).flat()
      expect(seen.filter((line) => layers.some((digest) => line.includes(digest)))).toEqual([])
      expect(seen.length).toBeLessThanOrEqual(2 * 12)
      expect(duration).toBeLessThan(3000)
      const names = repositories.map((name) => `${host}/${namespace}/${name}:${first[name]}`)
      expect(JSON.parse(run.outputs.tags ?? '')).toEqual(names)
      expect(Object.keys(JSON.parse(run.outputs.digests ?? '') as object)).toEqual(names)
      const images = JSON.parse(run.outputs.images ?? '') as {
        state: string
        tags: string[]
        digest: string
      }[]
      expect(images.map(({ state }) => state)).toEqual(['unchanged', 'unchanged'])
      expect(images.flatMap(({ tags }) => tags)).toEqual(names)
      expect(run.outputs.changed).toBe('false')
      expect(run.summary).toContain(`docker pull ${names[0] ?? ''}\n`)
      for (const [index, name] of repositories.entries())
        expect(run.summary).toContain(`/${name}&#64;${images[index]?.digest ?? ''}</code>`)
      for (const name of repositories) expect(await tagsOf(`${namespace}/${name}`)).toEqual([first[name]])
    },
    minutes,
  )

  it(
    'has a summary as complete as that of the run that built the images',
    async () => {
      const { run } = await observe(await published(), { date: '20251130' })
      const parts = [
        /^\| Component /m,
        /vLLM v\S+<\/b>: (\d+) of \1 gates passed/m,
        /SGLang v\S+<\/b>: (\d+) of \1 gates passed/m,
      ]
      for (const part of parts) expect(tableAfter(run.summary, part)).toBe(tableAfter(built.summary, part))
      expect(run.outputs.components).toBe(built.outputs.components)
      for (const part of ['### Why', 'built in']) expect(run.summary).not.toContain(part)
    },
    minutes,
  )

  it(
    "tags the images with today's date if that is requested, and writes only manifests",
    async () => {
      const today = tagOn('20251130')
      const observed = await observe(await published(), { date: '20251130', unchanged: 'retag' })
      const { run, seen, namespace, host } = observed
      expectGreen(observed)
      expect(seen.filter(isBlobMoved)).toEqual([])
      expect(seen.filter(isWrite)).toEqual(
        expect.arrayContaining(
          repositories.map((name) => `PUT /v2/${namespace}/${name}/manifests/${today[name]}`),
        ),
      )
      expect(seen.filter(isWrite)).toHaveLength(2)
      // Before a new tag is created, the image and its report are read and judged.
      expect(seen.length).toBeLessThanOrEqual(2 * 16)
      for (const name of repositories)
        expect(await digestOf(`${namespace}/${name}`, today[name])).toBe(
          await digestOf(`${namespace}/${name}`, first[name]),
        )
      expect(JSON.parse(run.outputs.tags ?? '')).toEqual(
        repositories.map((name) => `${host}/${namespace}/${name}:${today[name]}`),
      )
      const again = await observe(namespace, { date: '20251130', unchanged: 'retag' })
      expect(again.seen.filter(isWrite)).toEqual([])
      expect(again.run.outputs.changed).toBe('false')
    },
    minutes,
  )

  it(
    'does not rebuild an image that is younger than max-age',
    async () => {
      const observed = await observe(
        await published(),
        { date: '20251130', 'max-age': '30d' },
        { tokens: 'for everybody' },
      )
      expectGreen(observed)
      expect(observed.seen.filter(isWrite)).toEqual([])
      expect(observed.seen.length).toBeLessThanOrEqual(2 * 13)
      expect(observed.run.outputs.changed).toBe('false')
    },
    minutes,
  )
})

describe('a plan that other runners execute', () => {
  it(
    'states which tag is kept, and promote reports it',
    async () => {
      const namespace = await published()
      const planned = await observe(namespace, { command: 'plan', date: '20251130' })
      expect(planned.run.outputs.matrix).toBe('{"include":[]}')
      expect(planned.run.outputs.changed).toBe('false')
      expect(planned.run.summary).toContain(`unchanged since ${first.sglang}`)
      // The reference of the plan names its proxy, and the next run has another proxy.
      const plan = join(planned.run.temp, globSync('**/plan.json', { cwd: planned.run.temp })[0] ?? '')
      const text = readFileSync(plan, 'utf8').replaceAll(planned.host, registry)
      writeFileSync(plan, text)
      expect(text).toContain(`"tags": [\n     "${first.sglang}"\n    ]`)
      const promote = () => runAction({ ...world().inputs({ namespace }), command: 'promote', plan })
      const run = await promote()
      expect(errorsOf(run)).toEqual([])
      expect(run.outputs.changed).toBe('false')
      expect(JSON.parse(run.outputs.tags ?? '')).toEqual(
        repositories.map((name) => `${registry}/${namespace}/${name}:${first[name]}`),
      )
    },
    minutes,
  )
})

describe('an image older than max-age', () => {
  it(
    "is rebuilt with fresh packages of apt and pip, without compiling, and gets today's date",
    async () => {
      const { namespace } = world()
      const name = 'vllm-openai'
      await pause(Math.max(0, builtAt + 1000 - Date.now()))
      const began = Date.now()
      const aged = {
        ...wanted,
        ...{ engine: 'vllm', versions: 'v0.21.0' },
        'max-age': '1s',
        provenance: 'mode=min',
      }
      const today = tagOn('20251201')[name]
      const run = await runAction(world().inputs({ ...aged, date: '20251201' }))
      expect(errorsOf(run)).toEqual([])
      expect(run.summary).toMatch(/built on \S+, longer ago than max-age 1s/)
      expect(await digestOf(`${namespace}/${name}`, today)).not.toBe(
        await digestOf(`${namespace}/${name}`, first[name]),
      )
      for (const time of await layersOf(`${namespace}/${name}`, today)) expect(time).toBeGreaterThan(began)
      for (const time of await layersOf(`${namespace}/${name}`, first[name])) expect(time).toBeLessThan(began)
      expect(run.log).not.toMatch(/build-(?:extension|wheel|ucx)\b.* (?:started|done)/)
      const again = await runAction(world().inputs({ ...aged, 'max-age': '30m', date: '20251202' }))
      expect(JSON.parse(again.outputs.tags ?? '')).toEqual([`${registry}/${namespace}/${name}:${today}`])
      expect(again.outputs.changed).toBe('false')
    },
    10 * minutes,
  )
})

/** Returns the creation times of the layers that an image of ours adds to its base. */
async function layersOf(repository: string, tag: string): Promise<number[]> {
  const { manifests } = await readRegistry<Index>(`${repository}/manifests/${tag}`, indexType)
  const { config } = await readRegistry<Image>(
    `${repository}/manifests/${manifests[0]?.digest ?? ''}`,
    imageType,
  )
  const { history } = await readRegistry<{ history: { created: string; created_by?: string }[] }>(
    `${repository}/blobs/${config.digest}`,
  )
  const own = history.filter(({ created_by }) => created_by?.includes('/run/image-action/common/run step '))
  expect(own.length).toBeGreaterThan(3)
  return own.map(({ created }) => Date.parse(created))
}

describe('a registry of 10,000 tags', () => {
  /** Plans, and returns the peak of its memory in MB. */
  async function peakOf(namespace: string): Promise<number> {
    const file = join(mkdtempSync(join(tmpdir(), 'memory-')), 'kB')
    const script = `import { readFileSync, writeFileSync } from 'node:fs'
process.on('exit', () => writeFileSync(${JSON.stringify(file)}, /VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]))`
    const many = Array.from(
      { length: 10_000 },
      (_, index) => `build-${String(index).padStart(64, '0')}-amd64`,
    )
    const lists: string[] = []
    const proxy = await openRegistryProxy({
      answers: (seen) => {
        const path = /^GET \/v2\/(.*)\/tags\/list/.exec(seen)?.[1]
        if (path === undefined) return undefined
        lists.push(path)
        const own = repositories.flatMap((name) => (path.endsWith(name) ? [first[name]] : []))
        return JSON.stringify({ name: path, tags: [...many, ...own] })
      },
    })
    try {
      const { 'base-registry': bases = '', ...inputs } = world().inputs({ ...wanted, namespace })
      const run = await runAction(
        {
          ...{ ...inputs, command: 'plan', date: '20251130', registry: proxy.host },
          'base-registry': bases.replace(/^[^/]+/, proxy.host),
          // More legs than are requested one by one, so that the cache repository is listed too
          versions: 'vllm: v0.21.0, v0.10.2\nsglang: v0.5.11, v0.5.5.post3',
          ...{ 'aibrix-version': 'v0.7.0, v0.5.0', integration: 'none' },
        },
        {
          environment: {
            NODE_OPTIONS: `--import=data:text/javascript;base64,${Buffer.from(script).toString('base64')}`,
          },
        },
      )
      expect(errorsOf(run)).toEqual([])
      const names = [...repositories, 'image-cache'].map((name) => `${namespace}/${name}`)
      expect(lists.sort()).toEqual(names.sort())
      return Number(readFileSync(file, 'utf8')) / 1000
    } finally {
      await proxy.close()
    }
  }

  it(
    'needs less than 150 MB of memory',
    async () => {
      const namespace = await published()
      // Other load delays the collection of garbage, so the smallest of three counts.
      let smallest = Infinity
      for (let attempt = 0; attempt < 3 && smallest >= 150; attempt += 1)
        smallest = Math.min(smallest, await peakOf(namespace))
      console.log(`memory with a registry of 10,000 tags: ${smallest.toFixed(0)} MB`)
      expect(smallest).toBeGreaterThan(20)
      expect(smallest).toBeLessThan(150)
    },
    minutes,
  )
})

describe('a tag that two runs create for different content', () => {
  const tag = tagOn('20251130').sglang

  /** Promotes the staged leg of SGLang while another run moves the tag to something else. */
  async function promoteWhile(moment: (door: { steal: () => Promise<void>; namespace: string }) => Door) {
    const namespace = `${world().namespace}-${(counter += 1)}`
    const source = world().namespace
    for (const name of await tagsOf(`${source}/image-cache`))
      if (/^(?:build|report)-/.test(name)) {
        const digest = await digestOf(`${source}/image-cache`, name)
        await copyTag(`${source}/image-cache`, digest ?? '', `${namespace}/image-cache`, name)
      }
    const other = (await digestOf(`${source}/vllm-openai`, first['vllm-openai'])) ?? ''
    const steal = () => copyTag(`${source}/vllm-openai`, other, `${namespace}/sglang`, tag)
    const only = { engine: 'sglang', versions: 'v0.5.11', date: '20251130', provenance: 'mode=min' }
    const { run } = await observe(namespace, only, moment({ steal, namespace }))
    return { run, other, now: await digestOf(`${namespace}/sglang`, tag) }
  }

  it(
    'is detected by reading it back, and reported',
    async () => {
      const { run, other, now } = await promoteWhile(({ steal, namespace }) => ({
        after: async (seen) => {
          if (seen === `PUT /v2/${namespace}/sglang/manifests/${tag}`) await steal()
        },
      }))
      expect(run.code).toBe(1)
      expect(errorsOf(run).join()).toMatch(
        /was pushed as sha256:\w+, but the registry has sha256:\w+ under this name; another client may have pushed it/,
      )
      expect(now).toBe(other)
      expect(JSON.parse(run.outputs.tags ?? '')).toEqual([])
    },
    2 * minutes,
  )

  it.each([
    ['right before it', 'sha256:', undefined],
    ['between two attempts', tag, 503],
  ])(
    'is not moved if the other run was faster, %s',
    async (_, reference, answer) => {
      let stolen = false
      const { run, other, now } = await promoteWhile(({ steal, namespace }) => ({
        before: async (seen) => {
          if (stolen || !seen.startsWith(`PUT /v2/${namespace}/sglang/manifests/${reference}`))
            return undefined
          stolen = true
          await steal()
          return answer
        },
      }))
      expect(run.code).toBe(1)
      expect(errorsOf(run).join()).toContain('already names a different image')
      expect(now).toBe(other)
    },
    2 * minutes,
  )
})
