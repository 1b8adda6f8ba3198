import { createHash, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BuildCall } from '../../../src/buildkit/call.ts'
import type { LegSettings } from '../../../src/leg/leg.ts'
import type { LegWorld } from '../../../src/leg/world.ts'
import { artifactsFor } from '../../../src/leg/stages.ts'
import type { Leg } from '../../../src/plan/plan.ts'
import { parseReference } from '../../../src/registry/content/reference.ts'
import type { LegFacts } from '../../../src/verify/facts.ts'
import { type Contents, writeContent } from '../artifact-folder.ts'
import { measuredFiles } from '../measured-facts.ts'
import { factsOf } from '../reports.ts'

const types = {
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+zstd',
  /** Of a layer cache (BuildKit, cache/remotecache/v1/types) */
  layers: 'application/vnd.buildkit.cacheconfig.v0',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
}

type Descriptor = { mediaType: string; digest: string; size: number; platform?: object }
type Place = { registry: string; path: string }

function describe(mediaType: string, bytes: Buffer): Descriptor {
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  return { mediaType, digest, size: bytes.length }
}

type Request = { method: string; body?: Uint8Array<ArrayBuffer>; headers?: Record<string, string> }

/** The engine's own client, which identifies itself and does not retry. */
async function ask(url: URL, init: Request): Promise<Response> {
  const answer = await fetch(url, { ...init, headers: { 'user-agent': 'engine', ...init.headers } })
  if (!answer.ok) throw new Error(`${init.method} ${url.pathname}: ${answer.status}`)
  return answer
}

async function pushBlob({ registry, path }: Place, mediaType: string, bytes: Buffer): Promise<Descriptor> {
  const blob = describe(mediaType, bytes)
  const begun = await ask(new URL(`http://${registry}/v2/${path}/blobs/uploads/`), { method: 'POST' })
  const address = new URL(begun.headers.get('location') ?? '', begun.url)
  address.searchParams.set('digest', blob.digest)
  await ask(address, { method: 'PUT', body: new Uint8Array(bytes) })
  return blob
}

async function pushManifest(
  { registry, path }: Place,
  tag: string,
  mediaType: string,
  content: object,
): Promise<Descriptor> {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...content }))
  const headers = { 'content-type': mediaType }
  const url = new URL(`http://${registry}/v2/${path}/manifests/${tag}`)
  await ask(url, { method: 'PUT', body: new Uint8Array(bytes), headers })
  return describe(mediaType, bytes)
}

async function pushImage(
  place: Place,
  tag: string,
  platform: string,
  content: { created: string; config: object },
  contents: Buffer[],
): Promise<Descriptor> {
  const layers = []
  for (const content of contents) layers.push(await pushBlob(place, types.layer, content))
  const [os, architecture] = platform.split('/')
  const text = JSON.stringify({
    ...{ os, architecture, ...content },
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
  })
  const described = await pushBlob(place, types.config, Buffer.from(text))
  const image = await pushManifest(place, tag, types.manifest, { config: described, layers })
  return { ...image, platform: { os, architecture } }
}

const baseLayers = (platform: string): Buffer[] =>
  ['lower', 'upper'].map((name) => Buffer.from(`${name} layer of a base for ${platform}`))

/**
 * Publishes a base for some platforms, like upstream.
 * @param base `vllm/vllm-openai:v0.21.0`
 * @param release another one has another digest
 */
export async function publishBase(
  registry: string,
  base: string,
  platforms: string[],
  release = 0,
): Promise<void> {
  const [path = '', tag = ''] = base.split(':')
  const env = ['PATH=/usr/local/bin:/usr/bin', ...(release === 0 ? [] : [`RELEASE=${release}`])]
  const config = { Entrypoint: ['vllm', 'serve'], Env: env, WorkingDir: '/work' }
  const content = { created: '2024-12-01T00:00:00Z', config }
  const manifests = []
  for (const platform of platforms) {
    const own = `${tag}-${platform.replace('/', '-')}`
    manifests.push(await pushImage({ registry, path }, own, platform, content, baseLayers(platform)))
  }
  await pushManifest({ registry, path }, tag, types.index, { manifests })
}

function measured(leg: Leg): LegFacts {
  const facts = factsOf(leg)
  for (const one of [facts.base, facts.image])
    one.system.machine = leg.architecture === 'amd64' ? 'x86_64' : 'aarch64'
  return facts
}

/** @param machine as printed by uname */
function contentFor(machine: string): Contents {
  return {
    machine: machine === 'x86_64' ? 62 : 183,
    wheel: `aibrix_kvcache-0.7.0+cu130-cp312-cp312-linux_${machine}.whl`,
  }
}

/**
 * Does what BuildKit does for a valid leg: stores facts, stage artifacts and the layer cache in the
 * right places, and pushes the image. Two builds of one leg differ, like real ones.
 */
export function engineFor(settingsOf: (leg: Leg) => Pick<LegSettings, 'recipes'>): LegWorld['build'] {
  return async ({ output, layers }: BuildCall, leg) => {
    const facts = measured(leg)
    if (output.kind === 'image') {
      const added = [Buffer.from('debug tools'), randomBytes(100)]
      const image = await pushCandidate(leg, output, added)
      if (layers?.to !== undefined) await pushLayers(layers.to, added)
      return { steps: [], digest: image.digest }
    }
    if (output.kind === 'extension' || output.kind === 'wheel' || output.kind === 'ucx') {
      const { wheel, ucx } = artifactsFor(leg, facts.base, settingsOf(leg))
      const contents = contentFor(facts.base.system.machine)
      // An extension is in a wheel.
      writeContent(output.directory, output.kind === 'ucx' ? ucx : wheel, contents)
    } else if (output.kind !== 'ahead') {
      for (const [name, text] of Object.entries(measuredFiles(facts)))
        writeFileSync(join(output.directory, name), text)
    }
    return { steps: [], digest: undefined }
  }
}

async function pushCandidate(
  leg: Leg,
  { reference, labels }: Extract<BuildCall['output'], { kind: 'image' }>,
  added: Buffer[],
): Promise<Descriptor> {
  const { tag = '', ...place } = parseReference(reference)
  const { entrypoint, env, workingDir, shell, user } = leg.base.config
  const config = {
    Entrypoint: entrypoint,
    Env: [...env, ...Object.entries(leg.environment).map((one) => one.join('='))],
    WorkingDir: workingDir,
    Shell: shell,
    User: user,
    Labels: labels,
  }
  const content = { created: new Date().toISOString(), config }
  return pushImage(place, tag, leg.platform, content, [...baseLayers(leg.platform), ...added])
}

async function pushLayers(reference: string, contents: Buffer[]): Promise<void> {
  const { tag = '', ...place } = parseReference(reference)
  const layers = []
  for (const content of contents) layers.push(await pushBlob(place, types.layer, content))
  const blobs = layers.map(({ digest }) => ({ blob: digest }))
  const config = await pushBlob(place, types.layers, Buffer.from(JSON.stringify({ layers: blobs })))
  await pushManifest(place, tag, types.manifest, { config, layers })
}
