import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type IndexServer, serveIndex } from '../../stand-ins/index-server.ts'
import { type ActionRun, errorsOf, registry, tagsOf } from '../support/action.ts'
import { documentOf, freshNamespace, usePlanSources } from '../support/plan-sources.ts'
import {
  makeWheelIndex,
  publishBases,
  publishTags,
  realTags,
  storeMeasured,
} from '../support/planning-world.ts'
import { type Door, openRegistryProxy } from '../support/registry-proxy.ts'
import { realFacts } from '../support/measured-facts.ts'

const minutes = 60_000

const repositories = { vllm: 'vllm/vllm-openai', sglang: 'lmsysorg/sglang' }

const { sources, plan } = usePlanSources()

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
      expected.split(' ').map((tag) => [tag, sources().commits.get(tag)]),
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
    const canary = () => join(sources().folder, 'canary')
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
    const directory = join(sources().folder, 'index')
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
      const bare = join(sources().folder, 'bare')
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
    const path = mkdtempSync(join(sources().folder, 'path-'))
    symlinkSync(execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim(), join(path, 'git'))
    const local = {
      'aibrix-repository': join(sources().folder, 'aibrix.git'),
      'ucx-repository': join(sources().folder, 'ucx.git'),
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
