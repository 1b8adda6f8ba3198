import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { copyManifest } from '../../src/registry/copy.ts'
import { parseRepository } from '../../src/registry/content/reference.ts'
import { publishForTwoPlatforms } from '../../stand-ins/two-platforms.ts'
import { type ActionRun, registry, tagsOf } from './action.ts'
import { type StandInWorld, withProgram } from './stand-in-inputs.ts'
import { openTestClient } from './test-client.ts'

/** A docker whose builder claims to emulate arm64; the bases are only labelled arm64. */
const emulating = `#!/bin/sh
case "$*" in
  'buildx inspect'*) PATH=\${PATH#*:} docker "$@" | sed 's|^Platforms:.*|Platforms: linux/amd64, linux/arm64|' ;;
  *) PATH=\${PATH#*:} exec docker "$@" ;;
esac
`

/** Returns a PATH with a builder that accepts both platforms. */
export function pathThatEmulates(): string {
  return withProgram(mkdtempSync(join(tmpdir(), 'path-')), 'docker', emulating)
}

/**
 * Publishes stand-in bases as images of two platforms, under a name of this test file.
 * @param bases `vllm/vllm-openai:v0.21.0`
 * @returns the base registry
 */
export async function publishBasesForTwoPlatforms(
  { standIns, namespace }: StandInWorld,
  bases: readonly string[],
): Promise<string> {
  const to = `${registry}/${namespace}-bases`
  for (const base of bases) {
    const [repository = '', tag = ''] = base.split(':')
    await publishForTwoPlatforms(
      { repository: `${standIns.baseRegistries.published ?? ''}/${repository}`, tag },
      { repository: `${to}/${repository}`, tag },
    )
  }
  return to
}

export type Row = { leg: string; engine: string; platform: string; 'runs-on': string | string[] }

/** Returns the rows of the output `matrix`. */
export function rowsOf(run: ActionRun): Row[] {
  return (JSON.parse(run.outputs.matrix ?? '') as { include: Row[] }).include
}

/** @param path below /v2/ */
export async function readRegistry<T>(path: string, type = '*/*'): Promise<T> {
  const answer = await fetch(`http://${registry}/v2/${path}`, { headers: { accept: type } })
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`)
  return (await answer.json()) as T
}

/** Tags a manifest of one repository of the test registry in another one. */
export async function copyTag(from: string, digest: string, to: string, tag: string): Promise<void> {
  const client = openTestClient()
  const repositoryOf = (name: string) => parseRepository(`${registry}/${name}`)
  try {
    await copyManifest(client, { from: repositoryOf(from), to: repositoryOf(to), digest, tag })
  } finally {
    client.close()
  }
}

export type IndexEntry = {
  digest: string
  platform: { architecture: string }
  annotations?: Record<string, string>
}
export type Index = { manifests: IndexEntry[]; annotations?: Record<string, string> }
export type Image = { config: { digest: string }; layers: { digest: string; mediaType: string }[] }

export const indexType = 'application/vnd.oci.image.index.v1+json'
export const imageType = 'application/vnd.oci.image.manifest.v1+json'

/**
 * Returns the comparable part of what is published: tag → platform → build id and measured facts.
 * @param cache the cache repository, which has the reports
 */
export async function stateOf(
  namespace: string,
  cache = `${namespace}/image-cache`,
): Promise<Record<string, unknown>> {
  const state: Record<string, unknown> = {}
  for (const name of ['vllm-openai', 'sglang'])
    for (const tag of await tagsOf(`${namespace}/${name}`)) {
      const { manifests } = await readRegistry<Index>(`${namespace}/${name}/manifests/${tag}`, indexType)
      for (const { digest, platform } of manifests) {
        if (platform.architecture === 'unknown') continue
        const buildId = await buildIdOf(`${namespace}/${name}`, digest)
        const report = await reportOf(cache, `${buildId}-${platform.architecture}`)
        state[`${name}:${tag} ${platform.architecture}`] = { buildId, ...report }
      }
    }
  return state
}

async function buildIdOf(repository: string, digest: string): Promise<string> {
  const { config } = await readRegistry<Image>(`${repository}/manifests/${digest}`, imageType)
  const content = await readRegistry<{ config: { Labels: Record<string, string> } }>(
    `${repository}/blobs/${config.digest}`,
  )
  return content.config.Labels['io.aibrix.image.build-id'] ?? ''
}

async function reportOf(cache: string, leg: string) {
  const { layers } = await readRegistry<Image>(`${cache}/manifests/report-${leg}`, imageType)
  const report = await readRegistry<Record<string, unknown>>(`${cache}/blobs/${layers[0]?.digest ?? ''}`)
  const { components, gates, added } = report
  return { components, gates: withoutSpeeds(gates), added }
}

/** Two runs at once may both measure an image, with one result but for how fast bytes moved. */
function withoutSpeeds(gates: unknown): unknown {
  return JSON.parse(JSON.stringify(gates).replace(/[\d.]+ MB\/s/g, '… MB/s'))
}
