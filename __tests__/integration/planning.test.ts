import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { determinantsLabel } from '../../src/plan/keys/build-id.ts'
import { buildIdLabel } from '../../src/plan/published/published.ts'
import { stagedTag } from '../../src/store/contents.ts'
import { digestOf } from '../../src/registry/content/digest.ts'
import { type IndexServer, serveIndex } from '../../stand-ins/index-server.ts'
import { type ActionRun, errorsOf, registry, runAction, tagsOf, type TestOptions } from '../support/action.ts'
import { type GitServer, serveGit } from '../support/git-server.ts'
import {
  makeTaggedRepository,
  makeWheelIndex,
  publishBases,
  publishImages,
  publishTags,
  realTags,
  storeMeasured,
  type TinyImage,
} from '../support/planning-world.ts'
import { rememberIndex } from '../support/pip-memory.ts'
import { type Door, openRegistryProxy } from '../support/registry-proxy.ts'
import { realFacts } from '../support/measured-facts.ts'

const minutes = 60_000
const user = { user: 'robot', password: 'canary-git-5b7e' }

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

let git: GitServer
/** Has wheels of NIXL for the bases above; pip on the runner queries it. */
let wheels: IndexServer
let folder: string
/** Of AIBrix's tags */
let commits: Map<string, string>

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'planning-'))
  commits = makeTaggedRepository(join(folder, 'aibrix.git'), realTags('aibrix'))
  makeTaggedRepository(join(folder, 'ucx.git'), ['v1.18.1', 'v1.19.0', 'v1.20.0', 'v1.21.0', 'v1.22.0'])
  git = await serveGit(folder, user)
  const directory = join(folder, 'wheels')
  makeWheelIndex(directory, [
    ...['0.5.1', '0.6.0', '0.6.1', '0.7.0'].map(
      (version) => `nixl-${version}-cp312-cp312-manylinux_2_28_x86_64.whl`,
    ),
    'nixl-0.7.1-py3-none-any.whl',
    'nixl_cu12-0.7.1-cp312-cp312-manylinux_2_28_x86_64.whl',
  ])
  wheels = await serveIndex(directory)
  rememberIndex(wheels.url, directory)
}, minutes)
afterAll(async () => {
  await git.close()
  await wheels.close()
  rmSync(folder, { recursive: true })
})

/** Returns a namespace that no other test uses. */
function freshNamespace(): string {
  return `planning-${randomBytes(4).toString('hex')}`
}

/** Plans without Docker: it is not on PATH. */
function plan(
  host: string,
  namespace: string,
  more: Record<string, string>,
  options: TestOptions = {},
): Promise<ActionRun> {
  return runAction(
    {
      ...{ command: 'plan', registry: host, namespace, 'base-registry': `${host}/${namespace}` },
      ...{ date: '20251123', integration: 'none', 'package-index': wheels.url },
      ...{ 'aibrix-repository': `${git.url}/aibrix.git`, 'ucx-repository': `${git.url}/ucx.git` },
      secrets: `git-credentials=${git.url.replace('//', `//${user.user}:${user.password}@`)}`,
      ...more,
    },
    options,
  )
}

/** Returns the document in the file of a plan. */
type Document = {
  images: {
    id: string
    version: { tag: string }
    tags: string[]
    cause: { kind: string }
    legs: { aibrix: { ref: string; commit: string }; nixl: string; feasibility: string; buildId: string }[]
  }[]
  excluded: { version: string; reason: string }[]
}

function documentOf({ temp }: ActionRun): Document {
  const [file = ''] = globSync('**/plan.json', { cwd: temp })
  return JSON.parse(readFileSync(join(temp, file), 'utf8')) as Document
}

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
    return { NODE_OPTIONS: `--import=data:text/javascript;base64,${Buffer.from(script).toString('base64')}` }
  }

  it(
    "are planned within 2 s and 150 MB, with pip's answers stored",
    async () => {
      const times: number[] = []
      let memory = 0
      let first = 0
      for (let attempt = 0; attempt < 6; attempt += 1) {
        const file = join(folder, `memory-${attempt}`)
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
      const median = times.sort((left, right) => left - right)[2] ?? Infinity
      console.log(
        `a plan of 100 images: ${median.toFixed(0)} ms (median of 5; ${first.toFixed(0)} ms when pip runs), ${memory.toFixed(0)} MB at most`,
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
        wheels.requests.length = 0
        try {
          const wanted = { versions: asked, 'nixl-version': nixl }
          const run = await plan(proxy.host, namespace, wanted, { pip: 'asked' })
          expect(errorsOf(run)).toEqual([])
          const { seen } = proxy
          const questions = wheels.requests.splice(0).sort()
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

describe('selectors on repositories with hundreds of tags', () => {
  const namespace = freshNamespace()
  const anything = { engine: 'vllm', versions: 'v0.10.2', force: 'true' }

  beforeAll(async () => {
    await publishTags(namespace, repositories.vllm, realTags('vllm'))
    await publishTags(namespace, repositories.sglang, realTags('sglang'))
  }, minutes)

  it.each([
    ['vllm', 'latest-2', 'v0.33.0 v0.32.0'],
    ['vllm', '>=0.10 <0.12', 'v0.11.2 v0.11.1 v0.11.0 v0.10.2 v0.10.1.1 v0.10.1 v0.10.0'],
    ['vllm', '~0.20-cu129', 'v0.20.2-cu129 v0.20.1-cu129 v0.20.0-cu129'],
    ['vllm', '~0.10, !v0.10.1, !0.10.0', 'v0.10.2 v0.10.1.1'],
    ['vllm', 'v0.20.0-x86_64, v0.11.1rc7', 'v0.20.0-x86_64 v0.11.1rc7'],
    ['sglang', 'latest-3', 'v0.5.23 v0.4.10.post2 v0.3.6.post3'],
    ['sglang', 'latest-cu129', 'v0.5.19-cu129'],
    ['sglang', '>=0.5.5.post2 <0.5.7', 'v0.5.6.post2 v0.5.6.post1 v0.5.6 v0.5.5.post3 v0.5.5.post2'],
  ])('%s: %s selects the expected versions', async (engine, selected, expected) => {
    const run = await plan(registry, namespace, { engine, versions: selected, force: 'true' })
    expect(errorsOf(run)).toEqual([])
    expect(documentOf(run).images.map(({ version }) => version.tag)).toEqual(expected.split(' '))
  })

  it.each([
    [
      'vllm',
      '~0.98',
      '"~0.98" matches no version; the nearest are v0.33.0, v0.32.0, v0.31.0, v0.30.0, v0.29.0.',
    ],
    [
      'vllm',
      'v0.10.9',
      /v0\.10\.9 does not exist; the nearest are v0\.11\.0, v0\.10\.2, v0\.11\.1, v0\.10\.1\.1, v0\.11\.2\.$/,
    ],
    [
      'sglang',
      'latest-cu118',
      '"latest-cu118" matches no version; the nearest are v0.5.23, v0.5.22, v0.5.21, v0.5.20, v0.5.19.',
    ],
  ])('%s: %s is one error that names the five nearest', async (engine, selected, sentence) => {
    const run = await plan(registry, namespace, { engine, versions: selected })
    expect(run.code).toBe(1)
    expect(errorsOf(run)).toHaveLength(1)
    expect(errorsOf(run)[0]).toMatch(sentence)
  })

  it.each([
    ['latest', 'v0.8.0'],
    ['>=0.5 <0.7', 'v0.6.0 v0.5.0'],
    ['v0.6.0-rc.2, 0.7.0', 'v0.6.0-rc.2 v0.7.0'],
    ['latest-2, !v0.8.0', 'v0.7.0 v0.6.0'],
  ])('aibrix-version: %s resolves to commits, not annotated tags', async (selected, expected) => {
    const run = await plan(registry, namespace, { ...anything, 'aibrix-version': selected })
    expect(errorsOf(run)).toEqual([])
    const pinned = documentOf(run).images.map(({ legs }) => legs[0]?.aibrix)
    expect(pinned.map((one) => [one?.ref, one?.commit])).toEqual(
      expected.split(' ').map((tag) => [tag, commits.get(tag)]),
    )
  })

  it('aibrix-version: >=0.9 is one error that names the five nearest', async () => {
    const run = await plan(registry, namespace, { ...anything, 'aibrix-version': '>=0.9' })
    expect(errorsOf(run)).toHaveLength(1)
    expect(errorsOf(run)[0]).toMatch(
      /matches no version; the nearest are v0\.8\.0, v0\.7\.0, v0\.6\.0, v0\.5\.0, v0\.4\.1\.$/,
    )
  })

  describe('with hostile text', () => {
    const canary = () => join(folder, 'canary')
    const hostile: [string, () => string][] = [
      ['a command', () => `$(touch ${canary()})`],
      ['backticks', () => `\`touch ${canary()}\``],
      ['the end of a command', () => `v0.10.2; touch ${canary()}`],
      ['an option of git', () => `--upload-pack=touch ${canary()}`],
      ['an option with a line of its own', () => `v0.10.2\n--upload-pack=touch\${IFS}${canary()}`],
      ['a path', () => '../../../image-cache:latest'],
      ['10,000 characters', () => '>=0.1 '.repeat(1667)],
      ['10,000 characters without a space', () => '0'.repeat(10_000)],
      ['a template', () => '{{date}}'],
      ['an expression of GitHub', () => '${{ github.token }}'],
      ['a workflow command', () => 'x%0A::set-env name=A::b'],
    ]
    it.each(['versions', 'aibrix-version', 'nixl-version'])(
      'in %s are one clean error without any effect',
      async (input) => {
        const proxy = await openRegistryProxy({})
        try {
          for (const [what, text] of hostile) {
            const run = await plan(proxy.host, namespace, { ...anything, [input]: text() })
            expect([what, run.code, errorsOf(run).length]).toEqual([what, 1, 1])
            expect(errorsOf(run)[0]).toContain(`${input}: `)
            expect(run.log.length).toBeLessThan(2000)
            expect(run.log).not.toMatch(/^::set-env|\n\s+at /m)
          }
          expect(existsSync(canary())).toBe(false)
          expect(proxy.seen).toEqual([])
        } finally {
          await proxy.close()
        }
      },
      minutes,
    )
  })
})

describe('a base with ONBUILD', () => {
  const namespace = freshNamespace()

  beforeAll(async () => {
    const onBuild = ['RUN python3 -m pip install --user nixl==0.7.0', 'USER root']
    await publishBases(namespace, [
      { repository: repositories.vllm, tag: 'v0.10.2', onBuild },
      { repository: repositories.vllm, tag: 'v0.10.3', index: true, onBuild },
      { repository: repositories.vllm, tag: 'v0.9.2' },
    ])
  })

  it.each(['v0.10.2', 'v0.10.3'])('is an error of the plan, with force and without: %s', async (tag) => {
    for (const force of ['false', 'true']) {
      // A whole run, which would need Docker if there were something to build; there is no Docker.
      const run = await plan(registry, namespace, { versions: tag, engine: 'vllm', command: 'run', force })
      expect(errorsOf(run).join()).toContain(
        `vllm/vllm-openai:${tag} for linux/amd64 has ONBUILD instructions (the first is "RUN python3 -m pip install --user nixl==0.7.0"), which would change it before it is measured`,
      )
      expect(run.code).toBe(1)
      expect(run.log).not.toMatch(/^::group::.*(?:measure|compile)/m)
      expect(await tagsOf(`${namespace}/image-cache`)).toEqual([])
    }
  })

  it('is left out of a range', async () => {
    const run = await plan(registry, namespace, {
      versions: '>=0.9',
      engine: 'vllm',
      'nixl-version': '0.7.1',
    })
    expect(errorsOf(run)).toEqual([])
    expect(run.code).toBe(0)
    expect(documentOf(run).images.map(({ version }) => version.tag)).toEqual(['v0.9.2'])
    expect(documentOf(run).excluded).toMatchObject([{ version: 'v0.10.3' }, { version: 'v0.10.2' }])
  })
})

describe('versions of NIXL', () => {
  const namespace = freshNamespace()
  const onCuda12 = { engine: 'vllm', versions: 'v0.10.2, v0.10.1.1' }
  let index: IndexServer

  beforeAll(async () => {
    const bases = ['v0.10.1.1', 'v0.10.2', 'v0.20.0'].map((tag) => ({ repository: repositories.vllm, tag }))
    await publishBases(namespace, bases)
    const directory = join(folder, 'index')
    makeWheelIndex(directory, [
      'nixl-0.6.1-cp312-cp312-manylinux_2_28_x86_64.whl',
      'nixl-0.7.0-cp312-cp312-manylinux_2_28_x86_64.whl',
      ...['0.7.1', '0.8.0', '0.9.0', '1.0.0'].map((version) => `nixl-${version}-py3-none-any.whl`),
      ...['0.7.1', '0.8.0', '1.0.0'].map(
        (version) => `nixl_cu12-${version}-cp312-cp312-manylinux_2_28_x86_64.whl`,
      ),
      // For the Python of many runners, not for that of the bases
      ...['310', '311', '313'].map(
        (python) => `nixl_cu12-0.9.0-cp${python}-cp${python}-manylinux_2_28_x86_64.whl`,
      ),
      'nixl_cu13-0.8.0-cp312-cp312-manylinux_2_28_x86_64.whl',
    ])
    index = await serveIndex(directory)
  }, minutes)
  afterAll(() => index.close())

  const planned = (run: ActionRun) =>
    documentOf(run).images.map(({ version, legs }) => `${version.tag} ${legs[0]?.nixl ?? ''}`)

  it(
    'are those with wheels for the Python and CUDA of each base; pip runs once for equal ones',
    async () => {
      const asked = { ...onCuda12, versions: `${onCuda12.versions}, v0.20.0`, 'nixl-version': '>=0.7 <1' }
      const run = await plan(registry, namespace, { ...asked, 'package-index': index.url })
      expect(errorsOf(run)).toEqual([])
      expect(planned(run)).toEqual([
        ...['v0.10.2 0.8.0', 'v0.10.2 0.7.1', 'v0.10.2 0.7.0'],
        ...['v0.10.1.1 0.8.0', 'v0.10.1.1 0.7.1', 'v0.10.1.1 0.7.0'],
        'v0.20.0 0.8.0',
      ])
      const count = (path: string) => index.requests.filter((one) => one === path).length
      expect(['/simple/nixl/', '/simple/nixl-cu12/', '/simple/nixl-cu13/'].map(count)).toEqual([1, 1, 1])
    },
    minutes,
  )

  it(
    'are an error if an exact one has no wheel for the Python and CUDA of the base; a range of bases leaves that base out',
    async () => {
      const asked = { ...onCuda12, 'package-index': index.url }
      const named = await plan(registry, namespace, { ...asked, 'nixl-version': '0.7.1, 0.9.0' })
      expect(named.code).toBe(1)
      expect(errorsOf(named).join()).toContain(
        'NIXL 0.9.0 has no wheel for Python 3.12 with CUDA 12 on linux/amd64, which the base vllm/vllm-openai:v0.10.2 has',
      )
      const versions = '>=0.10.2 <0.21'
      const range = await plan(registry, namespace, { ...asked, versions, 'nixl-version': '0.7.1' })
      expect(errorsOf(range)).toEqual([])
      expect(planned(range)).toEqual(['v0.10.2 0.7.1'])
      expect(documentOf(range).excluded).toMatchObject([
        { version: 'v0.20.0', reason: expect.stringContaining('has no wheel for Python 3.12 with CUDA 13') },
      ])
    },
    minutes,
  )

  it(
    'must be exact numbers if python3 has no pip',
    async () => {
      const bare = join(folder, 'bare')
      execFileSync('python3', ['-m', 'venv', '--without-pip', bare])
      const environment = { PATH: `${join(bare, 'bin')}:${process.env.PATH ?? ''}` }
      const refused = await plan(
        registry,
        namespace,
        { ...onCuda12, 'nixl-version': '~0.7' },
        { environment },
      )
      expect(refused.code).toBe(1)
      expect(errorsOf(refused)).toHaveLength(1)
      expect(errorsOf(refused)[0]).toMatch(
        /nixl-version: pip cannot list the versions of NIXL: python3 has no pip; give an exact version such as 0\.7\.1\.$/,
      )
      const exact = await plan(
        registry,
        namespace,
        { ...onCuda12, 'nixl-version': '0.7.1, 0.7.0' },
        { environment },
      )
      expect(errorsOf(exact)).toEqual([])
      expect(planned(exact)).toHaveLength(4)
    },
    minutes,
  )
})

describe('a base with Python 3.13, as measured by an earlier run', () => {
  const namespace = freshNamespace()
  const reason = 'aibrix_kvcache v0.5.0 needs Python <3.13, and the base vllm/vllm-openai:v0.10.2 has 3.13'
  const vllm = (versions: string, more = {}) =>
    plan(registry, namespace, { engine: 'vllm', versions, ...more })

  beforeAll(async () => {
    const bases = ['v0.10.1.1', 'v0.10.2'].map((tag) => ({ repository: repositories.vllm, tag }))
    await publishBases(namespace, bases)
    const facts = realFacts('vllm-v0.10.2', 'base')
    const python = { ...facts.python, version: '3.13.1' }
    await storeMeasured(namespace, { repository: repositories.vllm, tag: 'v0.10.2' }, { ...facts, python })
  }, minutes)

  it('is left out of a range, with the reason', async () => {
    const run = await vllm('~0.10')
    expect(errorsOf(run)).toEqual([])
    expect(documentOf(run).images.map(({ version }) => version.tag)).toEqual(['v0.10.1.1'])
    expect(documentOf(run).excluded).toMatchObject([{ version: 'v0.10.2', reason }])
    expect(run.summary).toContain('🚫 1 excluded')
    expect(run.summary.replaceAll('&#60;', '<')).toContain(reason)
  })

  it('is an error if it is named', async () => {
    const run = await vllm('v0.10.2, ~0.10')
    expect(run.code).toBe(1)
    expect(errorsOf(run)).toHaveLength(1)
    expect(errorsOf(run)[0]).toContain(
      `can't be built for linux/amd64: ${reason}; choose other versions, or set force: true to try.`,
    )
  })

  it('is planned with force', async () => {
    const run = await vllm('v0.10.2', { force: 'true' })
    expect(errorsOf(run)).toEqual([])
    expect(documentOf(run).images[0]?.legs[0]?.feasibility).toBe('forced')
    expect(run.summary).toContain('forced')
  })
})

describe('a plan', () => {
  const namespace = freshNamespace()
  const one = { engine: 'vllm', versions: 'v0.10.2' }
  beforeAll(
    () => publishBases(namespace, [{ repository: repositories.vllm, tag: 'v0.10.2', index: true }]),
    minutes,
  )

  async function through(door: Door): Promise<ActionRun> {
    const proxy = await openRegistryProxy(door)
    try {
      return await plan(proxy.host, namespace, one)
    } finally {
      await proxy.close()
    }
  }

  it('needs only git, neither Docker nor credentials', async () => {
    const path = mkdtempSync(join(folder, 'path-'))
    symlinkSync(execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim(), join(path, 'git'))
    const local = {
      'aibrix-repository': join(folder, 'aibrix.git'),
      'ucx-repository': join(folder, 'ucx.git'),
      secrets: '',
    }
    const environment = {
      PATH: path,
      HOME: path,
      DOCKER_CONFIG: join(path, 'none'),
      DOCKER_HOST: 'tcp://127.0.0.1:1',
    }
    const run = await plan(registry, namespace, { ...one, ...local }, { environment })
    expect(errorsOf(run)).toEqual([])
    expect(run.outputs.plan).toMatch(/:plan-[0-9a-f]{64}$/)
  })

  it('treats what it may not read without credentials as empty and reports that, but not for a base', async () => {
    const without = (repository: string) =>
      through({ before: (seen) => (seen.includes(`/v2/${namespace}/${repository}/`) ? 401 : undefined) })
    for (const repository of ['image-cache', 'vllm-openai']) {
      const run = await without(repository)
      expect(errorsOf(run)).toEqual([])
      expect(documentOf(run).images.map(({ cause }) => cause.kind)).toEqual(['first'])
      for (const text of [run.log, run.summary])
        expect(text).toMatch(
          `${namespace}/${repository} cannot be read without credentials and counts as empty`,
        )
    }
    const run = await without(repositories.vllm)
    expect(errorsOf(run).join()).toContain('there are no credentials for it')
  })

  it('is a file, with the reason, if the registry refuses the write', async () => {
    const run = await through({ readOnly: true })
    expect(errorsOf(run)).toEqual([])
    expect(run.code).toBe(0)
    expect(run.log).toMatch(
      /It is a file on this runner only: registry 127\.0\.0\.1:\d+ refused the push to \S+: 403 forbidden/,
    )
    expect(documentOf(run).images).toHaveLength(1)
    expect(run.outputs.plan).toMatch(/plan\.json$/)
    expect(JSON.parse(run.outputs.matrix ?? '')).toMatchObject({ include: [{ version: 'v0.10.2' }] })
  })

  it('is an error if the registry fails', async () => {
    const run = await through({ broken: true })
    expect(run.code).toBe(1)
    expect(errorsOf(run)).toHaveLength(1)
    expect(errorsOf(run)[0]).toMatch(
      /failed at the push to \S+: 500 internal server error; this is a fault of the registry, try later; gave up after 4 attempts\.$/,
    )
    expect(run.outputs.plan ?? '').toBe('')
  })
})
