import { getPlatformImage } from '../../src/registry/platform-image.ts'
import { formatReference, parseReference } from '../../src/registry/content/reference.ts'
import { type ActionRun, runAction } from './action.ts'
import { openTestClient } from './test-client.ts'

/** Inputs that say where things are, and a limit of the run's own. */
const told = ['namespace', 'cache-repository', 'base-registry', 'network', 'added-bytes-limit']

/**
 * Verifies an image by its labels alone.
 * @param inputs of the run that built it, of which a verification gets nothing about versions
 */
export function verifyImage(
  inputs: Record<string, string>,
  image: string,
  more: Record<string, string> = {},
): Promise<ActionRun> {
  const same = Object.entries(inputs).filter(([name]) => told.includes(name))
  return runAction({ ...Object.fromEntries(same), command: 'verify', image, ...more })
}

type Config = { config: { Labels?: Record<string, string> } }
type Manifest = { config: { digest: string; size: number } }

/** Bytes */
const limit = 1024 * 1024

/**
 * Publishes an image again with other labels, as somebody may do who can push.
 * @returns its name, in the same repository
 */
export async function relabel(name: string, labels: Record<string, string>): Promise<string> {
  const { tag, digest = tag ?? '', ...repository } = parseReference(name)
  const client = openTestClient()
  try {
    const found = await getPlatformImage(client, repository, digest, 'linux/amd64')
    if (!found?.image) throw new Error(`${name} is no image`)
    const { bytes, mediaType, parsed } = found.image.manifest
    const stored = await client.getBlob(repository, parsed.config.digest, limit)
    const { config, ...rest } = JSON.parse(stored.toString()) as Config
    const changed = { ...rest, config: { ...config, Labels: { ...config.Labels, ...labels } } }
    const content = Buffer.from(JSON.stringify(changed))
    const pointer = { digest: await client.putBlob(repository, content), size: content.length }
    const manifest = JSON.parse(bytes.toString()) as Manifest
    const lying = { ...manifest, config: { ...manifest.config, ...pointer } }
    await client.putManifest(repository, 'relabelled', Buffer.from(JSON.stringify(lying)), mediaType)
    return formatReference({ ...repository, tag: 'relabelled' })
  } finally {
    client.close()
  }
}
