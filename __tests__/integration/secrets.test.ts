import { beforeAll, describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { serveIndex } from '../../stand-ins/index-server.ts'
import { makeAuthority } from '../support/authority.ts'
import { type ActionRun, changedAction, errorsOf, registry, runAction } from '../support/action.ts'
import { openRegistryProxy } from '../support/registry-proxy.ts'
import { useStandIns } from '../support/stand-in-inputs.ts'

const minutes = 60_000

/** Each secret is searched verbatim, in base64 and URL-encoded. */
const canaries = {
  password: 'canary-password"5f1c&',
  index: 'canary-index/8d20',
  secret: `canary-"quoted"-secret-77ab\nand the canary's second line c3e9`,
  git: 'canary-git-token-4be1',
  proxy: 'canary-proxy-90d2',
}

/**
 * Docker's configuration with a proxy that nothing here uses; docker passes it to every build as a
 * build argument.
 */
function dockerConfigWithProxy(): string {
  const folder = mkdtempSync(join(tmpdir(), 'docker-'))
  const ftpProxy = `http://robot:${canaries.proxy}@proxy.example:3128`
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ proxies: { default: { ftpProxy } } }))
  return folder
}

function overHttps(url: string, host: string): string {
  return Object.assign(new URL(url), { protocol: 'https:', host }).href
}

function spellings(canary: string): string[] {
  return canary
    .split('\n')
    .flatMap((line) => [
      line,
      encodeURIComponent(line),
      Buffer.from(line).toString('base64').replace(/=+$/, ''),
      JSON.stringify(line).slice(1, -1),
    ])
}

function leaksIn(text: string): string[] {
  return Object.values(canaries)
    .flatMap(spellings)
    .filter((spelling) => text.includes(spelling))
}

const world = useStandIns()
let run: ActionRun
const commandLines = new Set<string>()
let host = ''

beforeAll(async () => {
  const index = await serveIndex(world().standIns.index, { user: 'robot', password: canaries.index })
  // Over https with an unknown authority, which the steps trust only if the build is given it
  const authority = makeAuthority(mkdtempSync(join(tmpdir(), 'authority-')))
  const door = await authority.before(new URL(index.url).host)
  const proxy = await openRegistryProxy({ credentials: { user: 'robot', password: canaries.password } })
  host = proxy.host
  // A careless step that prints a secret: even then the log must not show it.
  const folder = changedAction('dockerfiles/Dockerfile.vllm', (text) =>
    text.replace(
      'ARG BASE_USER=""',
      // A different step each time, or BuildKit would reuse its cache and print nothing.
      `RUN --mount=type=secret,id=token cat /run/secrets/token; test "$(wc -l </run/secrets/token)" = 1 # ${randomBytes(8).toString('hex')}\nARG BASE_USER=""`,
    ),
  )
  const listing = setInterval(() => {
    for (const line of execFileSync('ps', ['axww', '-o', 'args='], { encoding: 'utf8' }).split('\n'))
      commandLines.add(line)
  }, 100)
  const secrets = `token<<END\n${canaries.secret}\nEND\ngit-credentials=https://robot:${canaries.git}@git.example`
  run = await runAction(
    world().inputs({
      ...{
        engine: 'vllm',
        versions: 'v0.21.0',
        'aibrix-version': 'v0.7.0',
        'gpu-architectures': '9.0',
        provenance: 'mode=max',
      },
      ...{
        registry: proxy.host,
        username: 'robot',
        password: canaries.password,
        'package-index': overHttps(index.url, door.host),
        'ca-certificates': authority.file,
        secrets,
      },
    }),
    { folder, docker: 'itself' },
  )
  clearInterval(listing)
  await Promise.all([door.close(), index.close(), proxy.close()])
}, 10 * minutes)

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
}

type Manifest = {
  manifests?: { digest: string }[]
  config?: { digest: string }
  layers?: { digest: string }[]
}

/** Every manifest, configuration, attestation and new layer below a tag, unpacked. */
async function contentsOf(repository: string, reference: string): Promise<string[]> {
  const types = ['oci.image.index.v1', 'oci.image.manifest.v1']
    .map((type) => `application/vnd.${type}+json`)
    .join(', ')
  const answer = await fetch(`http://${registry}/v2/${repository}/manifests/${reference}`, {
    headers: { accept: types },
  })
  const text = await answer.text()
  const { manifests = [], config, layers = [] } = JSON.parse(text) as Manifest
  const children = await Promise.all(manifests.map(({ digest }) => contentsOf(repository, digest)))
  // The first layers belong to the base, which existed before the secrets.
  const blobs = await Promise.all(
    [config, ...layers.slice(-6)].flatMap((blob) => (blob ? [readBlob(repository, blob.digest)] : [])),
  )
  return [text, ...children.flat(), ...blobs]
}

async function readBlob(repository: string, digest: string): Promise<string> {
  const bytes = Buffer.from(
    await (await fetch(`http://${registry}/v2/${repository}/blobs/${digest}`)).arrayBuffer(),
  )
  return (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('latin1')
}

describe('a password, an index with credentials and a build secret with quotes and two lines', () => {
  it('are used', () => {
    expect(errorsOf(run)).toEqual([])
    expect(run.code).toBe(0)
    expect(filesBelow(run.temp).some((path) => readFileSync(path, 'utf8').includes('] ***'))).toBe(true)
  })

  it('are in no log, summary or output', () => {
    expect(leaksIn(run.log)).toEqual([])
    expect(leaksIn(run.summary)).toEqual([])
    expect(leaksIn(JSON.stringify(run.outputs))).toEqual([])
  })

  it('are in no file that remains', () => {
    const files = filesBelow(run.temp)
    expect(files.length).toBeGreaterThan(5)
    expect(files.filter((path) => leaksIn(readFileSync(path, 'latin1')).length > 0)).toEqual([])
  })

  it('are in no label, layer, provenance or report', async () => {
    const [tag = ''] = (JSON.parse(run.outputs.tags ?? '[]') as string[]).map((name) =>
      name.slice(name.lastIndexOf(':') + 1),
    )
    const contents = await contentsOf(`${world().namespace}/vllm-openai`, tag)
    expect(contents.some((text) => text.includes('https://slsa.dev/provenance'))).toBe(true)
    const { tags } = (await (
      await fetch(`http://${registry}/v2/${world().namespace}/image-cache/tags/list`)
    ).json()) as { tags: string[] }
    const reports = await Promise.all(
      tags
        .filter((name) => name.startsWith('report-'))
        .map((name) => contentsOf(`${world().namespace}/image-cache`, name)),
    )
    expect(reports).toHaveLength(1)
    expect([...contents, ...reports.flat()].flatMap(leaksIn)).toEqual([])
  })

  it('are in no command line of a process', () => {
    const lines = [...commandLines].filter((line) => line.includes('buildx build'))
    expect(lines.length).toBeGreaterThan(0)
    expect(lines.join('\n')).toContain(host)
    expect([...commandLines].flatMap(leaksIn)).toEqual([])
  })
})

describe("the password of a proxy in Docker's configuration", () => {
  const inputs = { engine: 'vllm', versions: 'v0.21.0', 'aibrix-version': 'v0.7.0', tags: 'proxy' }
  const environment = { DOCKER_CONFIG: dockerConfigWithProxy() }

  it(
    'is in no log, summary, image or provenance',
    async () => {
      const published = await runAction(world().inputs(inputs), { environment })
      expect(errorsOf(published)).toEqual([])
      expect(leaksIn(published.log + published.summary)).toEqual([])
      const contents = await contentsOf(`${world().namespace}/vllm-openai`, 'proxy')
      expect(contents.flatMap(leaksIn)).toEqual([])
    },
    5 * minutes,
  )

  it('is not published with provenance mode=max, which is refused', async () => {
    const refused = await runAction(world().inputs({ ...inputs, provenance: 'mode=max' }), { environment })
    expect(refused.code).toBe(1)
    expect(errorsOf(refused)[0]).toContain('would publish the password of the proxy')
    expect(leaksIn(refused.log)).toEqual([])
  })
})
