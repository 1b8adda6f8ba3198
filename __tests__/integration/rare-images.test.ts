import { afterAll, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { digestOf } from '../../src/registry/content/digest.ts'
import { getPlatformImage } from '../../src/registry/platform-image.ts'
import { formatReference } from '../../src/registry/content/reference.ts'
import { registry } from '../support/action.ts'
import { rareImages, rightLabel } from '../support/rare-images.ts'
import { openTestClient } from '../support/test-client.ts'

const client = openTestClient()
afterAll(() => {
  client.close()
})

const path = `test-${randomBytes(4).toString('hex')}/rare`
const run = promisify(execFile)
const docker = async (...args: string[]): Promise<string> => (await run('docker', args)).stdout

async function labelsByDocker(reference: string): Promise<unknown> {
  await docker('pull', '--quiet', '--platform', 'linux/amd64', reference)
  const shown = await docker('image', 'inspect', '--format', '{{json .Config.Labels}}', reference)
  await docker('rmi', reference)
  return JSON.parse(shown)
}

// The property test over many more images relies on what this test establishes.
it('Docker pulls the same image from a rare index that the action finds', async () => {
  const samples = fc.sample(rareImages('taken by Docker'), { numRuns: 8, seed: 11 })
  const work = samples.map(async ({ blobs, manifests }, number) => {
    const repository = { registry, path: `${path}-${number}` }
    for (const bytes of blobs) await client.putBlob(repository, bytes)
    for (const { bytes, mediaType } of manifests)
      await client.putManifest(repository, digestOf(bytes), bytes, mediaType)
    const top = digestOf(manifests.at(-1)?.bytes ?? Buffer.alloc(0))
    const found = await getPlatformImage(client, repository, top, 'linux/amd64')
    const theirs = await labelsByDocker(formatReference({ ...repository, digest: top }))
    return [found?.image?.config.labels, theirs]
  })
  expect(await Promise.all(work)).toEqual(samples.map(() => [rightLabel, rightLabel]))
}, 60_000)
