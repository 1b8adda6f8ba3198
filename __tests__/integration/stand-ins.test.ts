import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { aibrixMutants } from '../../stand-ins/source-mutants.ts'
import { makeAibrix } from '../../stand-ins/sources.ts'
import { serveIndex } from '../../stand-ins/index-server.ts'
import { prepare, type StandIns } from '../../stand-ins/prepare.ts'
import { registry } from '../support/action.ts'

const minutes = 60_000
const again = () => prepare({ registry, cache: resolve('.cache/stand-ins'), log: () => undefined })

let made: StandIns
let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stand-ins-'))
  made = await again()
}, 10 * minutes)
afterAll(() => {
  rmSync(folder, { recursive: true })
})

function inImage(repository: string, ...command: [string, ...string[]]): string {
  const [entrypoint, ...args] = command
  const image = `${made.baseRegistries.published ?? ''}/${repository}`
  return execFileSync('docker', ['run', '--rm', '--entrypoint', entrypoint, image, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
}

describe('the stand-ins', () => {
  it('are built once', async () => {
    const start = performance.now()
    expect(await again()).toEqual(made)
    expect(performance.now() - start).toBeLessThan(5000)
  })

  it.each([
    ['vllm/vllm-openai:v0.21.0', 'vllm', '0.21.0', '2.11.0+cu130', '13.0'],
    ['vllm/vllm-openai:v0.10.2', 'vllm', '0.10.2', '2.8.0+cu128', '12.8'],
    ['lmsysorg/sglang:v0.5.11', 'sglang', '0.5.11', '2.11.0+cu130', '13.0'],
    ['lmsysorg/sglang:v0.5.5.post3', 'sglang', '0.5.5.post3', '2.9.0+cu129', '12.9'],
  ])(
    '%s behaves like the real one and states that it is a stand-in',
    (image, engine, version, torch, cuda) => {
      const script = `import torch, ${engine}; print(torch.__version__, torch.version.cuda, ${engine}.__version__, 'Stand-in' in torch.__doc__, 'Stand-in' in ${engine}.__doc__)`
      expect(inImage(image, 'python3', '-c', script).trim()).toBe(`${torch} ${cuda} ${version} True True`)
      const nvcc = inImage(image, 'nvcc', '--version')
      expect(nvcc).toContain(`release ${cuda}, V`)
      expect(nvcc).toContain('stand-in')
    },
    2 * minutes,
  )

  it.each([
    ['zstd', 'application/vnd.oci.image.layer.v1.tar+zstd'],
    ['zstd-docker-types', 'application/vnd.docker.image.rootfs.diff.tar.zstd'],
  ])('the base %s has layers of %s', async (variant, mediaType) => {
    const repository = `${made.baseRegistries[variant] ?? ''}/vllm/vllm-openai`.slice(registry.length + 1)
    const response = await fetch(`http://${registry}/v2/${repository}/manifests/v0.21.0`, {
      headers: {
        accept:
          'application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json',
      },
    })
    const { layers } = (await response.json()) as { layers: { mediaType: string }[] }
    expect(new Set(layers.map((layer) => layer.mediaType))).toEqual(new Set([mediaType]))
  })

  it('have equal commits for equal sources, and every mutant is one commit after the release', () => {
    const copy = join(folder, 'aibrix.git')
    makeAibrix(resolve('stand-ins/aibrix'), copy)
    const git = (repository: string, ...args: string[]) =>
      execFileSync('git', ['-C', repository, ...args], { encoding: 'utf8' }).trim()
    expect(git(copy, 'show-ref')).toBe(git(made.aibrix, 'show-ref'))
    for (const name of Object.keys(aibrixMutants))
      expect(git(copy, 'rev-list', '--count', `v0.7.0..mutant/${name}`)).toBe('1')
  })

  it('include a package index that serves no wheel without the password', async () => {
    const server = await serveIndex(made.index, { user: 'ci', password: 'p@ss/word' })
    try {
      const { username, password, origin } = new URL(server.url)
      const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
      const headers = { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }
      const page = `${origin}/simple/nixl/`
      expect((await fetch(page)).status).toBe(401)
      expect(await (await fetch(page, { headers })).text()).toContain('nixl-0.7.1-py3-none-any.whl')
      for (const path of ['no-such-project/', 'nixl/no-such.whl', 'nixl/..%2f..%2fmade.json'])
        expect((await fetch(`${origin}/simple/${path}`, { headers })).status).toBe(404)
    } finally {
      await server.close()
    }
  })
})
