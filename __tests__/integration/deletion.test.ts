import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import type { RegistryClient } from '../../src/registry/client.ts'
import type { Repository } from '../../src/registry/content/reference.ts'
import { createDistributionDeleter } from '../../src/registry/deletion/distribution.ts'
import { registry } from '../support/action.ts'
import { startDistribution, startGoContainerRegistry } from '../support/real-registries.ts'
import { putSmallImage, putSmallIndex } from '../support/referrers.ts'
import { openTestClient } from '../support/test-client.ts'

const path = `test-${randomBytes(4).toString('hex')}/image-cache`
const hosts = { debian: registry, distribution: '', withoutDeletion: '', google: '' }
type Name = keyof typeof hosts

let client: RegistryClient
const opened: { close: () => unknown }[] = []

beforeAll(async () => {
  const [distribution, withoutDeletion, google] = await Promise.all([
    startDistribution(),
    startDistribution(false),
    startGoContainerRegistry(),
  ])
  client = openTestClient()
  opened.push(distribution, withoutDeletion, google, client)
  Object.assign(hosts, {
    ...{ distribution: distribution.host, withoutDeletion: withoutDeletion.host, google: google.host },
  })
}, 60_000)

afterAll(async () => {
  for (const one of opened.reverse()) await one.close()
})

const open = (name: Name) => {
  const repository: Repository = { registry: hosts[name], path }
  return { repository, deleter: createDistributionDeleter(client, repository) }
}

describe.each<Name>(['distribution', 'google'])('a registry that deletes: %s', (name) => {
  it('loses an index with all its tags and its own part, and keeps what another index names', async () => {
    const { repository, deleter } = open(name)
    await deleter.check()
    const own = await putSmallImage(client, repository, undefined, 'own')
    const shared = await putSmallImage(client, repository, undefined, 'shared')
    const goes = await putSmallIndex(client, repository, 'build-1', [own, shared])
    await putSmallIndex(client, repository, 'candidate-1', [own, shared])
    const stays = await putSmallIndex(client, repository, 'build-2', [shared])

    const condemned = { digest: goes.digest, tags: ['build-1', 'candidate-1'] }
    expect(await deleter.remove(condemned)).toEqual({ state: 'removed' })
    expect(await deleter.remove({ digest: own.digest, tags: [] })).toEqual({ state: 'removed' })
    expect(await deleter.remove(condemned)).toEqual({ state: 'gone' })

    expect(await client.listTags(repository)).toEqual(['build-2'])
    const digests = [goes, own, shared, stays].map(({ digest }) => digest)
    expect(await Promise.all(digests.map((digest) => client.resolveTag(repository, digest)))).toEqual([
      ...[undefined, undefined, shared.digest, stays.digest],
    ])
  })
})

describe('a registry that does not delete', () => {
  it('says so before anything is deleted', async () => {
    const { repository, deleter } = open('withoutDeletion')
    const image = await putSmallImage(client, repository, 'build-1', 'one')
    await expect(deleter.check()).rejects.toThrow(
      /^nothing can be deleted in .*: 405 method not allowed .*; allow it in the registry's configuration \(storage\.delete\.enabled of distribution\)/,
    )
    expect(await client.resolveTag(repository, 'build-1')).toBe(image.digest)
  })
})

describe('the registry of the tests, however it is configured', () => {
  it('does what it says before', async () => {
    const { repository, deleter } = open('debian')
    const image = await putSmallImage(client, repository, 'build-1', 'one')
    const ended = (work: Promise<unknown>): Promise<boolean> =>
      work.then(
        () => true,
        () => false,
      )
    const isAllowed = await ended(deleter.check())
    expect(await ended(deleter.remove({ digest: image.digest, tags: ['build-1'] }))).toBe(isAllowed)
    expect(await client.resolveTag(repository, 'build-1')).toBe(isAllowed ? undefined : image.digest)
  })
})
