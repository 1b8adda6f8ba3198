import { beforeAll, describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packed } from '../support/archives.ts'
import { createRegistryStore } from '../../src/store/artifacts/registry-store.ts'
import { putArtifact } from '../../src/registry/artifact.ts'
import { type ActionRun, digestOf, errorsOf, registry, runAction, tagsOf } from '../support/action.ts'
import { useStandIns, withProgram } from '../support/stand-in-inputs.ts'
import { openTestClient } from '../support/test-client.ts'
import { copyTag } from '../support/two-platforms.ts'

const created = new Date('2025-11-23T00:00:00Z')

const minutes = 60_000
const world = useStandIns()

const client = openTestClient()
const type = 'application/vnd.aibrix.image-action.artifact.v1.tar+gzip'
const wanted = {
  versions: 'vllm: v0.21.0\nsglang: v0.5.11',
  'aibrix-version': 'v0.7.0',
  'gpu-architectures': '9.0',
}
const vllm = { ...wanted, engine: 'vllm', versions: 'v0.21.0' }

type Recorded = ActionRun & {
  /**
   * All vertices of all builds, as BuildKit reported them; no other vertex was in a build's graph
   */
  vertices: string[]
  /** Arguments of docker, one line per call */
  calls: string[]
}

/** The real `docker`, which also stores BuildKit's output of each build. */
function recorder(): { path: string; vertices: () => string[]; calls: () => string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'recorder-'))
  const real = execFileSync('sh', ['-c', 'command -v docker'], { encoding: 'utf8' }).trim()
  const path = withProgram(
    folder,
    'docker',
    [
      '#!/bin/bash',
      `printf '%s\\n' "$*" >> ${folder}/calls`,
      '[[ "$1 $2" == "buildx build" ]] || exec ' + real + ' "$@"',
      // One file per call, because two run in parallel
      `exec ${real} "$@" 2> >(tee "$(mktemp ${folder}/said-XXXXXX)" >&2)`,
      '',
    ].join('\n'),
  )
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  return {
    path,
    calls: () => read('calls').trim().split('\n'),
    vertices: () =>
      readdirSync(folder)
        .filter((name) => name.startsWith('said-'))
        .flatMap((name) => [...read(name).matchAll(/"name": ?("(?:[^"\\]|\\.)*")/g)])
        .map(([, name = '""']) => JSON.parse(name) as string),
  }
}

async function act(
  namespace: string,
  more: Record<string, string>,
  environment: NodeJS.ProcessEnv = {},
): Promise<Recorded> {
  const { path, vertices, calls } = recorder()
  const run = await runAction(world().inputs({ ...wanted, namespace, ...more }), {
    environment: { PATH: path, ...environment },
  })
  expect(errorsOf(run)).toEqual([])
  expect(run.code).toBe(0)
  return { ...run, vertices: vertices(), calls: calls() }
}

/** Compiling stages in a build's graph, whether they ran or came from the cache. */
function compiled({ vertices }: Recorded): string[] {
  return ['builder', 'extension-builder', 'wheel-builder', 'ucx-builder'].filter((stage) =>
    vertices.some((name) => name.startsWith(`[${stage} `)),
  )
}

const ran = ({ vertices }: Recorded, step: string) =>
  vertices.filter((name) => name.includes(`"step", "${step}"`)).length

const cacheOf = (namespace: string) => ({ registry, path: `${namespace}/image-cache` })

/** Returns the artifacts of a cache repository: tag → digest. */
async function artifactsOf(namespace: string): Promise<Record<string, string | null>> {
  const tags = (await tagsOf(`${namespace}/image-cache`)).filter((tag) =>
    /^(?:extension|wheel|ucx)-/.test(tag),
  )
  const found = tags.map(async (tag) => [tag, await digestOf(`${namespace}/image-cache`, tag)] as const)
  return Object.fromEntries(await Promise.all(found))
}

function expectTaken({ summary }: Recorded): void {
  expect(summary).toMatch(
    new RegExp(`reused from ${registry}/\\S*/image-cache:wheel-[0-9a-f]{64}&#64;sha256:`),
  )
}

/** Where one vLLM image was built, for the tests that reuse what was compiled for it */
const kept = () => `${world().namespace}-kept`
let good: Record<string, string | null>

beforeAll(async () => {
  const built = await act(kept(), { ...vllm, tags: 'built' })
  expect(built.summary).toMatch(/built in/)
  good = await artifactsOf(kept())
}, 10 * minutes)

describe('two engines with the same torch, one after the other on one runner', () => {
  let first: Recorded
  const namespace = () => `${world().namespace}-artifacts`

  beforeAll(async () => {
    first = await act(namespace(), {})
  }, 10 * minutes)

  it('compile once, and store one extension, one wheel and one UCX', async () => {
    expect(compiled(first)).toEqual(['builder', 'extension-builder', 'wheel-builder', 'ucx-builder'])
    const targets = first.calls.flatMap((call) => /--target (extension|wheel|ucx)\b/.exec(call)?.[1] ?? [])
    expect(targets.sort()).toEqual(['extension', 'ucx', 'wheel'])
    expect(
      Object.keys(await artifactsOf(namespace())).map((tag) => tag.replace(/[0-9a-f]{64}$/, '')),
    ).toEqual(['extension-', 'ucx-', 'wheel-'])
    expect(first.summary).toMatch(/built in \d/)
    expect(first.summary).toContain('reused from another leg of this run')
  })

  it(
    'do not compile for another NIXL with the same UCX: no graph has a compiler vertex',
    async () => {
      const older = { engine: 'vllm', versions: 'v0.10.2' }
      await act(namespace(), { ...older, 'nixl-version': '0.7.1' })
      const before = await artifactsOf(namespace())
      const run = await act(namespace(), { ...older, 'nixl-version': '0.7.0' })
      expect(ran(run, 'install-nixl')).toBeGreaterThan(0)
      expect(compiled(run)).toEqual([])
      expect(await artifactsOf(namespace())).toEqual(before)
      expectTaken(run)
    },
    6 * minutes,
  )

  it(
    'compile nothing for another commit of AIBrix with the same sources, and make a new wheel',
    async () => {
      const before = await artifactsOf(namespace())
      const run = await act(namespace(), { ...vllm, 'aibrix-version': 'main' })
      expect(compiled(run)).toEqual(['builder', 'wheel-builder'])
      expect(run.summary).toMatch(/built in .*, its extension reused from .*:extension-[0-9a-f]{64}&#64;/)
      const after = await artifactsOf(namespace())
      expect(Object.keys(after).filter((tag) => !(tag in before))).toEqual([expect.stringMatching(/^wheel-/)])
    },
    6 * minutes,
  )
})

/**
 * Publishes vLLM 0.21.0 again, as the next version on the same torch, CUDA and Python.
 * @returns the base registry
 */
function publishNextVersion(): string {
  const to = `${registry}/${world().namespace}-bases`
  const dockerfile = [
    `FROM ${registry}/stand-in/vllm/vllm-openai:v0.21.0`,
    'RUN cd "$(python3 -c \'import pathlib, vllm; print(pathlib.Path(vllm.__file__).parents[1])\')" \\',
    '  && sed -i s/0.21.0/0.21.1/ vllm/__init__.py vllm-0.21.0.dist-info/METADATA \\',
    '  && mv vllm-0.21.0.dist-info vllm-0.21.1.dist-info',
  ]
  const output = `type=image,name=${to}/vllm/vllm-openai:v0.21.1,push=true`
  const args = ['buildx', 'build', '--quiet', '--provenance=false', `--output=${output}`, '-']
  execFileSync('docker', args, { input: dockerfile.join('\n'), stdio: ['pipe', 'pipe', 'pipe'] })
  return to
}

describe('a new engine version with the torch of an existing one', () => {
  it.each<[string, () => Record<string, string>]>([
    ['of the same engine', () => ({ versions: 'v0.21.1', 'base-registry': publishNextVersion() })],
    [
      'of the other engine, in a run that pushes nothing',
      () => ({ engine: 'sglang', versions: 'v0.5.11', push: 'false' }),
    ],
  ])(
    '%s: compiles nothing and replaces nothing',
    async (_, next) => {
      const more = next()
      const before = await tagsOf(`${kept()}/image-cache`)
      const other = await act(kept(), { ...vllm, ...more })
      expect(ran(other, 'install-nixl')).toBeGreaterThan(0)
      expect(compiled(other)).toEqual([])
      expect(await artifactsOf(kept())).toEqual(good)
      if (more.push === 'false') expect(await tagsOf(`${kept()}/image-cache`)).toEqual(before)
    },
    6 * minutes,
  )
})

describe('in parallel', () => {
  it(
    'two legs that need the same artifact compile it once, and the second waits for it',
    async () => {
      const run = await act(`${world().namespace}-beside`, { parallel: '2' })
      const targets = run.calls.flatMap((call) => /--target (extension|wheel|ucx)\b/.exec(call)?.[1] ?? [])
      expect(targets.sort()).toEqual(['extension', 'ucx', 'wheel'])
    },
    6 * minutes,
  )
})

describe('the content of the image', () => {
  it(
    'has the same owner, modes, links and files whether a stage was compiled or reused from the registry',
    async () => {
      /** Returns owner, mode, size, link and content of what the two artifacts add to an image. */
      const inside = (tag: string): string => {
        const image = `${registry}/${kept()}/vllm-openai:${tag}`
        execFileSync('docker', ['pull', '--quiet', image])
        const script = [
          'cd /opt/aibrix/ucx',
          `find . /usr/local/bin/ucx_* -printf '%p %u %g %M %l\\n' | sort`,
          `find . -type f -exec sha256sum {} + | sort`,
          `find / -xdev -path '*aibrix_kvcache*' -not -name RECORD -printf '%p %u %g %M %l\\n' | sort`,
          `find / -xdev -path '*aibrix_kvcache/*' -type f -exec sha256sum {} + | sort`,
        ].join('; ')
        const command = ['run', '--rm', '--network', 'none', '--entrypoint', 'sh', image, '-c', script]
        return execFileSync('docker', command, { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 })
      }
      const taken = await act(kept(), { ...vllm, tags: 'taken', force: 'true' })
      expect(ran(taken, 'install-nixl')).toBeGreaterThan(0)
      expect(compiled(taken)).toEqual([])
      expect(await artifactsOf(kept())).toEqual(good)
      expectTaken(taken)
      const [built, restored] = [inside('built'), inside('taken')]
      expect(built).toContain('./lib/libucp.so.0 root root')
      expect(built).toContain('./bin/ucx_info root root -rwxr-xr-x')
      expect(built).not.toContain('source.json')
      expect(built).not.toContain('driver-stub')
      expect(restored).toBe(built)
    },
    8 * minutes,
  )
})

describe('a bad stored artifact', () => {
  const store = (namespace: string) => createRegistryStore(client, cacheOf(namespace), () => new Date())
  let wheel: string

  /** Fills a namespace with everything else that is stored, so that only the wheel is built. */
  async function copyKept(namespace: string, wanted: RegExp): Promise<void> {
    const from = `${kept()}/image-cache`
    for (const tag of (await tagsOf(from)).filter((name) => wanted.test(name)))
      await copyTag(from, (await digestOf(from, tag)) ?? '', `${namespace}/image-cache`, tag)
  }

  beforeAll(() => {
    wheel = Object.keys(good).find((tag) => tag.startsWith('wheel-')) ?? ''
  })

  // artifact-check.test.ts and artifact-archive.test.ts cover every defect; these are the two ways
  // to detect one.
  it.each<[string, RegExp, (folder: string) => Promise<Buffer>]>([
    [
      'truncated, as its archive shows',
      /unexpected end|Truncated/,
      async (folder) => {
        const whole = await packed(folder)
        return whole.subarray(0, whole.length / 2)
      },
    ],
    [
      'the wheel of another commit, as its content shows',
      /it is of commit ffff/,
      (folder) => {
        const path = join(folder, 'content/source.json')
        const commit = /"commit": "[0-9a-f]{40}"/
        writeFileSync(path, readFileSync(path, 'utf8').replace(commit, `"commit": "${'f'.repeat(40)}"`))
        return packed(folder)
      },
    ],
  ])(
    '%s: is rebuilt and replaced, with a warning',
    async (_, problem, spoil) => {
      const namespace = `${world().namespace}-bad-${Math.random().toString(36).slice(2, 8)}`
      const folder = join(mkdtempSync(join(tmpdir(), 'stored-')), 'new')
      expect(await store(kept()).restore(wheel, folder)).toBe('restored')
      await putArtifact(client, cacheOf(namespace), wheel, { created, type, bytes: await spoil(folder) })
      const bad = (await artifactsOf(namespace))[wheel]
      await copyKept(namespace, /^(?:facts|ucx)-/)
      const run = await act(namespace, { ...vllm })
      const warning = run.log.split('\n').find((line) => line.startsWith('::warning') && line.includes(wheel))
      expect(warning).toMatch(problem)
      expect(run.summary).toMatch(/is not used/)
      expect((await artifactsOf(namespace))[wheel]).not.toBe(bad)
      // The replacement is good.
      const next = await act(namespace, { ...vllm, tags: 'next', force: 'true' })
      expect(compiled(next)).toEqual([])
      expect(next.log).not.toMatch(/^::warning.*is not used/m)
    },
    6 * minutes,
  )
})
