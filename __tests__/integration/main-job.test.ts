import { beforeAll, describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import pLimit from 'p-limit'
import * as v from 'valibot'
import { inventorySchema } from '../../src/inventory/inventory.ts'
import { gateNames } from '../../src/verify/gate.ts'
import {
  type ActionRun,
  digestOf,
  errorsOf,
  failedGates,
  registry,
  runAction,
  tagsOf,
} from '../support/action.ts'
import { copyManifest } from '../../src/registry/copy.ts'
import { parseRepository } from '../../src/registry/content/reference.ts'
import { openTestClient } from '../support/test-client.ts'
import { publishStrangeBase } from '../support/strange-base.ts'
import { serveIndex } from '../../stand-ins/index-server.ts'
import { useStandIns } from '../support/stand-in-inputs.ts'

const minutes = 60_000

const world = useStandIns()

/** Independent images in parallel */
const limit = pLimit(3)

const both = {
  engine: 'vllm, sglang',
  versions: 'vllm: v0.21.0\nsglang: v0.5.11',
  'aibrix-version': 'v0.7.0',
}

/** Variables that a job may set for its other steps. */
const elsewhere = {
  SOURCE_DATE_EPOCH: '315532800',
  BUILDX_GIT_LABELS: 'full',
  DOCKER_DEFAULT_PLATFORM: 'linux/s390x',
  GIT_DIR: '/nowhere',
  PIP_CONSTRAINT: '/nowhere/constraints.txt',
  PYTHONPATH: '/nowhere',
}

describe('both engines', () => {
  let first: ActionRun
  const vllmTag = 'v0.21.0-aibrix-v0.7.0-nixl-0.7.1-20251123'
  const sglangTag = 'v0.5.11-aibrix-v0.7.0-nixl-0.7.1-20251123'

  beforeAll(async () => {
    first = await runAction(world().inputs(both), { environment: elsewhere, docker: 'itself' })
  }, 10 * minutes)

  it('succeed, with the tags of the outputs in the registry', async () => {
    expect(errorsOf(first)).toEqual([])
    expect(first.code).toBe(0)
    const names = [
      `${registry}/${world().namespace}/vllm-openai:${vllmTag}`,
      `${registry}/${world().namespace}/sglang:${sglangTag}`,
    ]
    expect(JSON.parse(first.outputs.tags ?? '')).toEqual(names)
    const digests = JSON.parse(first.outputs.digests ?? '') as Record<string, string>
    expect(await digestOf(`${world().namespace}/vllm-openai`, vllmTag)).toBe(digests[names[0] ?? ''])
    expect(await digestOf(`${world().namespace}/sglang`, sglangTag)).toBe(digests[names[1] ?? ''])
  })

  it('report measured components, not declared ones, in the outputs', () => {
    expect(JSON.parse(first.outputs.components ?? '')).toMatchObject({
      'vllm-v0.21.0-aibrix-v0.7.0-nixl-0.7.1-amd64': {
        engine: '0.21.0',
        torch: '2.11.0+cu130',
        cuda: '13.0',
        aibrix_kvcache: '0.7.0+cu130',
        nixl: '0.7.1',
        ucx: '1.19.0',
      },
      'sglang-v0.5.11-aibrix-v0.7.0-nixl-0.7.1-amd64': {
        engine: '0.5.11',
        aibrix_kvcache: '0.7.0+cu130',
        nixl: '0.7.1',
        ucx: '1.19.0',
      },
    })
    expect(first.outputs.changed).toBe('true')
  })

  it('leave a candidate, a verified build and a report each, one extension, wheel and UCX in the cache repository, and nothing else public', async () => {
    const kinds = (await tagsOf(`${world().namespace}/image-cache`)).map((tag) => tag.split('-')[0])
    expect(kinds).toEqual(
      ['build', 'candidate', 'facts', 'layers', 'report']
        .flatMap((kind) => [kind, kind])
        .concat('extension', 'ucx', 'wheel')
        .sort(),
    )
    expect(await tagsOf(`${world().namespace}/vllm-openai`)).toEqual([vllmTag])
  })

  it('ignore variables that the job set for other steps, and report that', () => {
    const [, names = ''] = /^Not passed on to docker, git and pip .*: (.*)$/m.exec(first.log) ?? []
    expect(names.split(', ')).toEqual(expect.arrayContaining(Object.keys(elsewhere)))
    const image = `${registry}/${world().namespace}/vllm-openai:${vllmTag}`
    execFileSync('docker', ['pull', '--quiet', image])
    const created = execFileSync('docker', ['image', 'inspect', '--format', '{{.Created}}', image])
    expect(Date.parse(String(created).trim())).toBeGreaterThan(Date.parse('2025-01-01'))
  })

  it('write a summary with pull command, matrix, gates, sizes, chart, engine option and build command', () => {
    for (const part of [
      '| Component | vLLM Image | SGLang Image |',
      'docker pull ',
      `${gateNames.length} of ${gateNames.length} gates passed`,
      '| Size, compressed | ',
      '```mermaid',
      '--kv-transfer-config',
      'docker buildx build',
    ])
      expect(first.summary).toContain(part)
    expect(Buffer.byteLength(first.summary)).toBeLessThan(1024 * 1024)
  })

  it('can be pulled and work', () => {
    const image = `${registry}/${world().namespace}/vllm-openai:${vllmTag}`
    execFileSync('docker', ['pull', '--quiet', image])
    const inside = (...command: string[]) =>
      execFileSync('docker', ['run', '--rm', '--entrypoint', '', image, ...command], { encoding: 'utf8' })
    expect(inside('ucx_info', '-v')).toContain('Library version: 1.19.0')
    expect(
      inside(
        'python3',
        '-c',
        'import torch, aibrix_kvcache._aibrix_C; print(torch.ops._aibrix_C_cache_ops.reshape_and_cache_multi_layer)',
      ),
    ).not.toBe('')
    const inspected = JSON.parse(
      execFileSync('docker', ['image', 'inspect', image], { encoding: 'utf8' }),
    ) as { Config: { Labels: Record<string, string>; Entrypoint: string[] } }[]
    expect(inspected[0]?.Config.Entrypoint).toEqual(['vllm', 'serve'])
    expect(inspected[0]?.Config.Labels).toMatchObject({
      'io.aibrix.image.torch': '2.11.0+cu130',
      'io.aibrix.image.nixl': '0.7.1',
      'org.opencontainers.image.title': 'vLLM with AIBrix KVCache',
    })
  })

  it('store their report where docs/images.md documents it', () => {
    const [commands = ''] =
      /(?<=```sh\n)cache=[^]*?(?=```)/.exec(readFileSync('docs/images.md', 'utf8')) ?? []
    const image = `${registry}/${world().namespace}/vllm-openai:${vllmTag}`
    const script = commands
      .replace('IMAGE', image)
      .replace('cache=aibrix/', `cache=${registry}/${world().namespace}/`)
      .replace('>report.json', '')
    const report: unknown = JSON.parse(execFileSync('sh', ['-euc', script], { encoding: 'utf8' }))
    expect(report).toMatchObject({ engine: 'vllm', version: 'v0.21.0', components: expect.any(Array) })
  })

  it('leave their logs and nothing private', () => {
    const [workspace = ''] = readdirSync(first.temp).filter((name) => name.startsWith('image-action-'))
    expect(existsSync(join(first.temp, workspace, 'private'))).toBe(false)
    expect(first.outputs['logs-path']).toBe(join(first.temp, workspace, 'logs'))
    expect(readdirSync(join(first.temp, workspace, 'logs'))).toHaveLength(2)
  })

  it('log one group for each step, none nested, and one line for each gate', () => {
    const groups = [...first.log.matchAll(/^::(group::.*|endgroup::)$/gm)].map(([, group = '']) => group)
    expect(groups.filter((_, index) => index % 2 === 0).every((group) => group.startsWith('group::'))).toBe(
      true,
    )
    expect(groups.filter((_, index) => index % 2 === 1).every((group) => group === 'endgroup::')).toBe(true)
    for (const name of ['vllm v0.21.0', 'sglang v0.5.11'])
      expect(
        first.log
          .split('\n')
          .filter((line) => line === `${name}: ${gateNames.length} of ${gateNames.length} gates passed`),
      ).toHaveLength(1)
  })

  it(
    'are not built again, and are fully reported from the registry',
    async () => {
      const before = await digestOf(`${world().namespace}/vllm-openai`, vllmTag)
      const second = await runAction(world().inputs(both))
      expect(second.code).toBe(0)
      expect(second.outputs.changed).toBe('false')
      expect(second.log).not.toContain('[image')
      expect(second.summary).toContain(`${gateNames.length} of ${gateNames.length} gates passed`)
      expect(await digestOf(`${world().namespace}/vllm-openai`, vllmTag)).toBe(before)
      expect(JSON.parse(second.outputs.components ?? '')).toEqual(JSON.parse(first.outputs.components ?? ''))
    },
    minutes,
  )

  it(
    'are reported as published even if their report was lost',
    async () => {
      const cache = `http://${registry}/v2/${world().namespace}/image-cache/manifests`
      const [report = ''] = (await tagsOf(`${world().namespace}/image-cache`)).filter((tag) =>
        tag.startsWith('report-'),
      )
      const type = 'application/vnd.oci.image.manifest.v1+json'
      const kept = Buffer.from(
        await (await fetch(`${cache}/${report}`, { headers: { accept: type } })).arrayBuffer(),
      )
      const put = async (body: string | Buffer<ArrayBuffer>) => {
        const answer = await fetch(`${cache}/${report}`, {
          method: 'PUT',
          headers: { 'content-type': type },
          body,
        })
        expect(answer.status).toBe(201)
      }
      await put(JSON.stringify({ ...(JSON.parse(kept.toString()) as object), layers: [] }))
      const run = await runAction(world().inputs(both))
      await put(kept)
      expect(run.code).toBe(0)
      expect(run.log).toContain('nothing says how it was judged: The cache repository has no report of it.')
      expect(run.summary).toContain('2 images unchanged')
    },
    minutes,
  )

  it(
    'get another tag without a build',
    async () => {
      const tags = '{{engine-version}}-aibrix-{{aibrix}}-nixl-{{nixl}}-{{date}}\n{{engine-version}}'
      const run = await runAction(world().inputs({ ...both, tags }))
      expect(run.code).toBe(0)
      expect(run.log).not.toContain('[image')
      expect(await digestOf(`${world().namespace}/vllm-openai`, 'v0.21.0')).toBe(
        await digestOf(`${world().namespace}/vllm-openai`, vllmTag),
      )
    },
    minutes,
  )

  it(
    'are built from copies of their bases when upstream has removed the tags',
    async () => {
      const client = openTestClient()
      const upstream = parseRepository(`${registry}/${world().namespace}/bases/vllm/vllm-openai`)
      const from = parseRepository(`${world().inputs()['base-registry'] ?? ''}/vllm/vllm-openai`)
      const { digest = '' } = (await client.getManifest(from, 'v0.21.0')) ?? {}
      await copyManifest(client, { from, to: upstream, digest, tag: 'v0.21.0' })
      client.close()
      const gone = {
        ...{ ...both, engine: 'vllm', versions: 'v0.21.0' },
        'base-registry': `${registry}/${world().namespace}/bases`,
      }
      const kept = await runAction(world().inputs({ ...gone, 'keep-base': 'true' }))
      expect(errorsOf(kept)).toEqual([])
      expect(kept.outputs.changed).toBe('false')
      const stored = await tagsOf(`${world().namespace}/image-cache`)
      expect(stored.filter((tag) => tag.startsWith('base-'))).toHaveLength(2)
      const url = `http://${registry}/v2/${upstream.path}/manifests/${digest}`
      expect((await fetch(url, { method: 'DELETE' })).status).toBe(202)
      const unchanged = await runAction(world().inputs(gone))
      expect(errorsOf(unchanged)).toEqual([])
      expect(unchanged.outputs.changed).toBe('false')
      expect(unchanged.log).toMatch(
        /The base \S+\/bases\/vllm\/vllm-openai:v0\.21\.0 no longer exists; its copy \S+@sha256:[0-9a-f]{64} is used\./,
      )
      const again = {
        ...gone,
        'skip-unchanged': 'false',
        tags: 'from-copy',
      }
      const run = await runAction(world().inputs(again))
      expect(errorsOf(run)).toEqual([])
      expect(run.outputs.changed).toBe('true')
      expect(run.summary).toContain('no longer exists; its copy')
    },
    5 * minutes,
  )

  it(
    'do not get a tag that names something else: the error comes before any build, unless it may be overwritten',
    async () => {
      const other = { ...both, engine: 'vllm', versions: 'v0.21.0', 'gpu-architectures': '9.0' }
      const refused = await runAction(world().inputs(other))
      expect(refused.code).toBe(1)
      expect(refused.log).toContain(`${vllmTag} already names a different image`)
      expect(refused.log).not.toContain('[image')
      const allowed = await runAction(world().inputs({ ...other, 'overwrite-tags': 'true' }))
      expect(allowed.code).toBe(0)
      expect(allowed.summary).toContain('| 9.0 |')
    },
    5 * minutes,
  )
})

/** Publishes a base as upstream does: as it is, and with layers in zstd under a second tag. */
async function publishInBothCompressions(repository: string): Promise<void> {
  const client = openTestClient()
  const to = parseRepository(repository)
  for (const [variant, tag] of [
    ['', 'v0.21.0'],
    ['zstd', 'v0.21.0-x86_64-zstd'],
  ] as const) {
    const place =
      variant === '' ? world().inputs()['base-registry'] : world().standIns.baseRegistries[variant]
    const from = parseRepository(`${place ?? ''}/vllm/vllm-openai`)
    const { digest = '' } = (await client.getManifest(from, 'v0.21.0')) ?? {}
    await copyManifest(client, { from, to, digest, tag })
  }
  client.close()
}

describe('bases', () => {
  const vllm = {
    engine: 'vllm',
    versions: 'v0.21.0',
    'aibrix-version': 'v0.7.0',
    'gpu-architectures': '9.0',
    push: 'true',
  }

  const build = (more: Record<string, string>) => limit(() => runAction(world().inputs(more)))

  it.concurrent.each(['venv', 'not-root', 'zstd-docker-types'])(
    'an image on the base "%s" passes every gate and can be pulled',
    async (variant) => {
      const base = world().standIns.baseRegistries[variant] ?? ''
      const run = await build({ ...vllm, 'base-registry': base, tags: variant })
      expect(errorsOf(run)).toEqual([])
      expect(run.code).toBe(0)
      execFileSync('docker', ['pull', '--quiet', `${registry}/${world().namespace}/vllm-openai:${variant}`])
    },
    5 * minutes,
  )

  it.concurrent(
    'an image on the tag in zstd of its version passes every gate, can be pulled, and is current in a list',
    async () => {
      const bases = `${world().namespace}-bases`
      await publishInBothCompressions(`${registry}/${bases}/vllm/vllm-openai`)
      const inputs = {
        ...vllm,
        'base-registry': `${registry}/${bases}`,
        'base-compression': 'zstd',
        tags: 'zstd',
      }
      const run = await build(inputs)
      expect(errorsOf(run)).toEqual([])
      expect(run.code).toBe(0)
      expect(run.log).toMatch(/^ {2}base {4}\S+:v0\.21\.0-x86_64-zstd@sha256:/m)
      execFileSync('docker', ['pull', '--quiet', `${registry}/${world().namespace}/vllm-openai:zstd`])
      const again = await build(inputs)
      expect(again.log).not.toContain('[with-aibrix ')
      const list = await build({ command: 'list', 'base-registry': inputs['base-registry'] })
      const found = JSON.parse(readFileSync(list.outputs['list-path'] ?? '', 'utf8')) as unknown
      const listed = v.parse(inventorySchema, found).images.find(({ tags }) => tags.includes('zstd'))
      expect(listed?.platforms[0]?.base).toMatchObject({
        name: expect.stringMatching(/vllm\/vllm-openai:v0\.21\.0-x86_64-zstd$/),
        state: 'current',
      })
    },
    5 * minutes,
  )

  it.concurrent(
    'an image on a base with a SHELL, a greeting, another engine, other package sources and its own toolkit passes every gate',
    async () => {
      const other = await serveIndex(world().standIns.index)
      const base = publishStrangeBase(world().namespace, other.url)
      const sglang = { engine: 'sglang', versions: 'v0.5.11', tags: 'strange' }
      const run = await build({ ...vllm, ...sglang, 'base-registry': base })
      expect(errorsOf(run)).toEqual([])
      expect(run.log).not.toMatch(/^::warning/m)
      expect(other.requests).toEqual([])
      await other.close()
    },
    5 * minutes,
  )

  it.concurrent(
    'an image on a base with a newer NIXL fails one gate, and passes with a waiver',
    async () => {
      const base = world().standIns.baseRegistries['with-nixl'] ?? ''
      const inputs = { ...vllm, 'base-registry': base, tags: 'with-nixl' }
      const refused = await build(inputs)
      expect(failedGates(refused)).toEqual(['engine-demands'])
      expect(errorsOf(refused)[0]).toMatch(
        /released with NIXL 0\.8\.0, .* choose nixl-version: 0\.8\.0 or later/,
      )
      const waived = await build({ ...inputs, 'allow-failed': 'engine-demands=our cluster speaks 0.7.1' })
      expect(waived.code).toBe(0)
      expect(waived.summary).toContain('our cluster speaks 0.7.1')
    },
    5 * minutes,
  )

  it.concurrent(
    'a vLLM that may use its second model runner passes on a condition, which is reported everywhere',
    async () => {
      const base = world().standIns.baseRegistries['second-runner'] ?? ''
      const run = await build({
        ...vllm,
        versions: 'v0.29.0',
        'base-registry': base,
        tags: 'second-runner',
      })
      expect(errorsOf(run)).toEqual([])
      expect(run.code).toBe(0)
      const condition = { kind: 'environment', name: 'VLLM_USE_V2_MODEL_RUNNER=0' }
      expect(Object.values(JSON.parse(run.outputs.conditions ?? '{}') as object)).toMatchObject([[condition]])
      expect(run.summary).toContain('<code>docker run --env VLLM_USE_V2_MODEL_RUNNER=0 …</code>')
      expect(run.summary).toContain('\nVLLM_USE_V2_MODEL_RUNNER=0 vllm serve <model> --kv-transfer-config')
      const image = `${registry}/${world().namespace}/vllm-openai:second-runner`
      execFileSync('docker', ['pull', '--quiet', image])
      const docker = (...args: string[]) => execFileSync('docker', args, { encoding: 'utf8' })
      const label = '{{index .Config.Labels "io.aibrix.image.conditions"}}'
      expect(docker('image', 'inspect', '--format', label, image).trim()).toBe(condition.name)
      const record = docker('run', '--rm', '--entrypoint', 'cat', image, '/opt/aibrix/integration.json')
      expect(JSON.parse(record)).toMatchObject({ mode: 'module', conditions: [condition] })
    },
    5 * minutes,
  )

  it.concurrent(
    "an image on a base with the distribution's UCX fails one gate, and passes with a waiver",
    async () => {
      const base = world().standIns.baseRegistries['with-libucx'] ?? ''
      const inputs = { ...vllm, 'base-registry': base, tags: 'with-libucx' }
      const refused = await build(inputs)
      expect(failedGates(refused)).toEqual(['second-libucp'])
      const waived = await build({ ...inputs, 'allow-failed': 'second-libucp=the base is what it is' })
      expect(waived.code).toBe(0)
      expect(waived.summary).toContain('the base is what it is')
      expect(waived.log).toContain('::warning title=vLLM v0.21.0%3A gate second-libucp waived')
    },
    5 * minutes,
  )

  it.concurrent(
    'all defaults build the recommended tags of the current release, including a patched vLLM',
    async () => {
      // The base of SGLang ships NIXL 0.7.0, and the release was tested with 0.7.1.
      const run = await build({ push: 'true', 'nixl-version': 'default' })
      expect(errorsOf(run)).toEqual([])
      expect(JSON.parse(run.outputs.tags ?? '')).toEqual([
        `${registry}/${world().namespace}/vllm-openai:v0.10.2-aibrix-v0.5.0-nixl-0.7.1-20251123`,
        `${registry}/${world().namespace}/sglang:v0.5.5.post3-aibrix-v0.5.0-nixl-0.7.1-20251123`,
      ])
      expect(run.summary).toContain('| Integration | patch | module |')
    },
    8 * minutes,
  )

  it.concurrent(
    'a branch appears in the tag with its short commit',
    async () => {
      const run = await build({ ...vllm, 'aibrix-version': 'main' })
      expect(errorsOf(run)).toEqual([])
      expect(run.outputs.tags).toMatch(/v0\.21\.0-aibrix-main-[0-9a-f]{7}-nixl-0\.7\.1-20251123/)
    },
    5 * minutes,
  )

  it(
    'an engine without a patch or module in AIBrix is an error of the plan, and with force is published with a warning',
    async () => {
      const wanted = { ...vllm, 'aibrix-version': 'v0.5.0', tags: 'none' }
      const refused = await runAction(world().inputs(wanted))
      expect(errorsOf(refused).join()).toContain('aibrix_kvcache v0.5.0 has no patch for vLLM v0.21.0')
      expect(refused.duration).toBeLessThan(5000)
      const run = await runAction(world().inputs({ ...wanted, force: 'true' }))
      expect(errorsOf(run)).toEqual([])
      expect(run.log).toMatch(
        /^::warning title=vLLM v0\.21\.0::AIBrix is installed but not integrated into vllm 0\.21\.0/m,
      )
      expect(run.summary).toContain('| Integration | none |')
    },
    5 * minutes,
  )
})

describe('without a push', () => {
  const inputs = {
    engine: 'vllm',
    versions: 'v0.21.0',
    'aibrix-version': 'v0.7.0',
    push: 'false',
    namespace: 'nothing-is-pushed-here',
  }

  it(
    'an image is built, judged by the gates that apply, and stored nowhere',
    async () => {
      const run = await runAction(world().inputs(inputs))
      expect(run.code).toBe(0)
      expect(run.log).not.toMatch(/^::warning/m)
      const parts = [
        'built and verified, not pushed',
        `${gateNames.length - 2} of ${gateNames.length} gates passed, 2 not applicable`,
        '<code>added-bytes</code>, <code>media-types</code> not applicable: the image was not pushed',
        'built in ',
      ]
      for (const part of parts) expect(run.summary).toContain(part)
      expect(await tagsOf('nothing-is-pushed-here/image-cache')).toEqual([])
      expect(await tagsOf('nothing-is-pushed-here/vllm-openai')).toEqual([])
      const left = execFileSync('docker', [
        'images',
        '--quiet',
        `${registry}/nothing-is-pushed-here/image-cache`,
      ])
      expect(left.toString()).toBe('')
    },
    5 * minutes,
  )

  it(
    'verify: false runs no gate and reports that, even without a summary file',
    async () => {
      const run = await runAction(world().inputs({ ...inputs, verify: 'false' }), {
        environment: { GITHUB_STEP_SUMMARY: '' },
      })
      expect(run.code).toBe(0)
      const summary = readFileSync(run.outputs['summary-path'] ?? '', 'utf8')
      for (const part of ['not pushed', 'not applicable: verify is false']) expect(summary).toContain(part)
    },
    5 * minutes,
  )
})
