import { createRegistryClient, type RegistryClient } from '../src/registry/client.ts'
import { mediaTypes } from '../src/registry/content/media-types.ts'
import { parseRepository } from '../src/registry/content/reference.ts'

const platforms = ['amd64', 'arm64']

/**
 * Publishes a base of this machine as an index of two platforms. Both images have the content that
 * was built here and are labelled amd64 and arm64, so that legs of two platforms can be built on
 * one machine without emulation.
 *
 * @param from repository and tag of a plain image; `to` has the same form
 */
export async function publishForTwoPlatforms(
  from: { repository: string; tag: string },
  to: { repository: string; tag: string },
): Promise<void> {
  const client = createRegistryClient({ credentials: () => Promise.resolve(undefined) })
  try {
    const manifests = []
    for (const architecture of platforms) manifests.push(await relabelled(client, from, to, architecture))
    const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }
    const repository = parseRepository(to.repository)
    await client.putManifest(repository, to.tag, Buffer.from(JSON.stringify(index)), mediaTypes.ociIndex)
  } finally {
    client.close()
  }
}

/** Returns the descriptor of the image for an architecture. */
async function relabelled(
  client: RegistryClient,
  from: { repository: string; tag: string },
  to: { repository: string },
  architecture: string,
) {
  const [source, target] = [parseRepository(from.repository), parseRepository(to.repository)]
  const found = await client.getManifest(source, from.tag)
  if (found?.parsed.kind !== 'image') throw new Error(`${from.repository}:${from.tag} is not a plain image`)
  const { config, layers } = found.parsed
  for (const { digest, size } of layers) await client.mountBlob({ from: source, to: target, digest, size })
  const stored = await client.getBlob(source, config.digest, 1e6)
  const content = JSON.parse(stored.toString()) as { architecture: string }
  // Unchanged, if it is for this architecture: BuildKit then has what was built on it elsewhere.
  const isSame = content.architecture === architecture
  const bytes = isSame ? stored : Buffer.from(JSON.stringify({ ...content, architecture }))
  const digest = await client.putBlob(target, bytes)
  const changed = {
    ...(JSON.parse(found.bytes.toString()) as object),
    config: { mediaType: config.mediaType, digest, size: bytes.length },
  }
  const manifest = isSame ? found.bytes : Buffer.from(JSON.stringify(changed))
  return {
    mediaType: found.mediaType,
    digest: await client.putManifest(target, `for-${architecture}`, manifest, found.mediaType),
    size: manifest.length,
    platform: { os: 'linux', architecture },
  }
}
