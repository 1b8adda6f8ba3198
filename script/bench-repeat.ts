// A row of script/bench changes what the registry has, so a repetition starts from a copy of what
// was there before.

/** Repository → tag → digest */
export type Snapshot = ReadonlyMap<string, ReadonlyMap<string, string>>

const mediaTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ')

type Manifest = {
  manifests?: { digest: string }[]
  config?: { digest: string }
  layers?: { digest: string }[]
}

/** Returns what tags name now. @param registry host and port */
export async function takeSnapshot(registry: string, repositories: readonly string[]): Promise<Snapshot> {
  const all = repositories.map(async (repository) => {
    const response = await fetch(`http://${registry}/v2/${repository}/tags/list`)
    const { tags } = response.ok ? ((await response.json()) as { tags: string[] | null }) : { tags: [] }
    const named = (tags ?? []).map(async (tag) => {
      const { headers } = await getManifest(registry, repository, tag)
      return [tag, headers.get('docker-content-digest') ?? ''] as const
    })
    return [repository, new Map(await Promise.all(named))] as const
  })
  return new Map(await Promise.all(all))
}

/** Creates each repository again under another name, as it was. @param rename of a repository */
export async function restoreSnapshot(
  registry: string,
  snapshot: Snapshot,
  rename: (repository: string) => string,
): Promise<void> {
  for (const [repository, tags] of snapshot)
    for (const [tag, digest] of tags) await copy(registry, [repository, rename(repository)], digest, tag)
}

/** Copies a manifest with everything below it. @param as tag or digest */
async function copy(
  registry: string,
  [from, to]: readonly [string, string],
  digest: string,
  as: string,
): Promise<void> {
  const response = await getManifest(registry, from, digest)
  const body = await response.text()
  const manifest = JSON.parse(body) as Manifest
  for (const { digest: child } of manifest.manifests ?? []) await copy(registry, [from, to], child, child)
  const blobs = [...(manifest.layers ?? []), ...(manifest.config ? [manifest.config] : [])]
  for (const blob of blobs) {
    const mount = `http://${registry}/v2/${to}/blobs/uploads/?mount=${blob.digest}&from=${from}`
    const { status } = await fetch(mount, { method: 'POST' })
    if (status !== 201) throw new Error(`${blob.digest} could not be mounted from ${from} (HTTP ${status}).`)
  }
  const type = response.headers.get('content-type') ?? ''
  const put = { method: 'PUT', headers: { 'content-type': type }, body }
  const { status } = await fetch(`http://${registry}/v2/${to}/manifests/${as}`, put)
  if (status !== 201) throw new Error(`${to}:${as} could not be copied (HTTP ${status}).`)
}

async function getManifest(registry: string, repository: string, reference: string): Promise<Response> {
  const address = `http://${registry}/v2/${repository}/manifests/${reference}`
  const response = await fetch(address, { headers: { accept: mediaTypes } })
  if (!response.ok) throw new Error(`${repository}:${reference} could not be read (HTTP ${response.status}).`)
  return response
}
