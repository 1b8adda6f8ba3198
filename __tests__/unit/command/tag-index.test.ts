import { expect, it } from '@jest/globals'
import { copyManifest } from '../../../src/registry/copy.ts'
import type { Digest } from '../../../src/registry/content/digest.ts'
import { mediaTypes } from '../../../src/registry/content/media-types.ts'
import { canonicalJson } from '../../../src/plan/canonical.ts'
import { determinantsLabel, determinantsOf } from '../../../src/plan/keys/build-id.ts'
import type { Leg } from '../../../src/plan/plan.ts'
import { tagImage } from '../../../src/command/tag/tag-image.ts'
import { cache, createMemory, type Memory, putImage, stageLeg, vllm } from '../../support/memory-client.ts'
import { request } from '../../support/plan-world.ts'
import { runWorldOf } from '../../support/run-world.ts'
import { makeLeg } from '../../support/verified-leg.ts'

const arm64 = { platform: 'linux/arm64', architecture: 'arm64' }
const amd64Leg = makeLeg()
const arm64Leg = makeLeg({ ...arm64, buildId: 'e'.repeat(64) })
const olderLeg = makeLeg({
  ...arm64,
  version: { tag: 'v0.20.0', release: '0.20.0' },
  buildId: 'c'.repeat(64),
})

/** Stages a verified leg and puts it into the public repository. */
async function verified(memory: Memory, leg: Leg): Promise<Digest> {
  const labels = { [determinantsLabel]: canonicalJson(determinantsOf(leg, leg.recipe)) }
  const digest = await stageLeg(memory, leg, labels)
  await copyManifest(memory.client, { from: cache, to: vllm, digest, tag: digest })
  return digest
}

type Entry = { digest: Digest; platform?: object; annotations?: Record<string, string>; mediaType?: string }

async function tagged(memory: Memory, entries: readonly Entry[]) {
  const manifests = entries.map((entry) => ({ mediaType: mediaTypes.ociManifest, size: 1, ...entry }))
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }
  await memory.client.putManifest(vllm, 'index', Buffer.from(JSON.stringify(index)), mediaTypes.ociIndex)
  const templates = [{ text: 'stable', dated: false }]
  return tagImage({ reference: 'index', repository: undefined }, request({ templates }), runWorldOf(memory))
}

const onAmd64 = { os: 'linux', architecture: 'amd64' }
const onArm64 = { os: 'linux', architecture: 'arm64' }
const unknown = { os: 'unknown', architecture: 'unknown' }
const foreign = (memory: Memory) => putImage(memory, vllm, 'foreign', makeLeg(), { labels: {} })

it('an index of one build for two platforms gets the tag, with its attestations', async () => {
  const memory = createMemory()
  const [one, other] = [await verified(memory, amd64Leg), await verified(memory, arm64Leg)]
  const attestation = { digest: await foreign(memory), platform: unknown }
  const run = await tagged(memory, [
    { digest: one, platform: onAmd64 },
    { digest: other, platform: onArm64 },
    { ...attestation, annotations: { 'vnd.docker.reference.digest': one } },
  ])
  expect(run.error).toBeUndefined()
  expect(Object.keys(memory.tagsOf(vllm))).toContain('stable')
})

it.each<[string, (memory: Memory) => Promise<Entry[]>, RegExp]>([
  [
    'of two builds',
    async (memory) => [
      { digest: await verified(memory, amd64Leg), platform: onAmd64 },
      { digest: await verified(memory, olderLeg), platform: onArm64 },
    ],
    /is not one image: for linux\/amd64 it has vllm-v0\.21\.0-\S+, for linux\/arm64 vllm-v0\.20\.0-\S+; it is not tagged\.$/,
  ],
  [
    'with another variant of a platform',
    async (memory) => [
      { digest: await verified(memory, amd64Leg), platform: onAmd64 },
      { digest: await foreign(memory), platform: { ...onAmd64, variant: 'v3' } },
    ],
    /holds several images for linux\/amd64/,
  ],
  [
    'with an image that says that it is an attestation',
    async (memory) => [
      { digest: await verified(memory, amd64Leg), platform: onAmd64 },
      {
        ...{ digest: await foreign(memory), platform: onArm64 },
        annotations: { 'vnd.docker.reference.type': 'x' },
      },
    ],
    /has no image with the labels|was not built by this action/,
  ],
  [
    'with an attestation of nothing in it',
    async (memory) => [
      { digest: await verified(memory, amd64Leg), platform: onAmd64 },
      { digest: await foreign(memory), platform: unknown },
    ],
    /neither for a platform nor an attestation of an image in it/,
  ],
  [
    'with an entry for no platform',
    async (memory) => [
      { digest: await verified(memory, amd64Leg), platform: onAmd64 },
      { digest: await foreign(memory) },
    ],
    /which is for no platform; it is not tagged/,
  ],
])('an index %s gets no tag', async (_, entries, sentence) => {
  const memory = createMemory()
  const run = await tagged(memory, await entries(memory))
  expect(run.error).toMatch(sentence)
  expect(Object.keys(memory.tagsOf(vllm))).not.toContain('stable')
})
