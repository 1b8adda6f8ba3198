import { describe, expect, it } from '@jest/globals'
import type { CredentialLookup } from '../../../../src/registry/auth/credentials.ts'
import type { Digest } from '../../../../src/registry/content/digest.ts'
import { createDistributionDeleter } from '../../../../src/registry/deletion/distribution.ts'
import { putSmallImage, putSmallIndex } from '../../../support/referrers.ts'
import { openRegistryInMemory } from '../../../support/registry-in-memory.ts'
import { at, type Handler, sendJson, sentence, useOpened } from '../../../support/web-server.ts'

const { opened, server, client } = useOpened()

const withPassword: CredentialLookup = () =>
  Promise.resolve({ kind: 'password', username: 'me', password: 'canary-password' })

const digest: Digest = `sha256:${'a'.repeat(64)}`

async function openRegistry(deletion: 'allowed' | 'disabled') {
  const registry = await openRegistryInMemory(new Map(), { deletion })
  opened.push(registry)
  const repository = { registry: registry.host, path: 'aibrix/image-cache' }
  const created = client()
  const deleter = createDistributionDeleter(created, repository)
  return { registry, repository, client: created, deleter }
}

describe('deleting through the distribution API', () => {
  it('removes a digest with all its tags, and says what was gone before', async () => {
    const { registry, repository, client, deleter } = await openRegistry('allowed')
    const { digest: one } = await putSmallImage(client, repository, 'build-1-amd64', 'one')
    await putSmallImage(client, repository, 'candidate-1-amd64-x', 'one')
    const { digest: other } = await putSmallImage(client, repository, 'build-2-amd64', 'two')
    await deleter.check()
    const condemned = { digest: one, tags: ['build-1-amd64', 'candidate-1-amd64-x'] }
    expect(await deleter.remove(condemned)).toEqual({ state: 'removed' })
    expect(await deleter.remove(condemned)).toEqual({ state: 'gone' })
    expect([...registry.tagsOf(repository.path)]).toEqual([['build-2-amd64', other]])
    expect(await client.getManifest(repository, one)).toBeUndefined()
  })

  it('leaves a part that two indexes share', async () => {
    const { registry, repository, client, deleter } = await openRegistry('allowed')
    const own = await putSmallImage(client, repository, undefined, 'own')
    const shared = await putSmallImage(client, repository, undefined, 'shared')
    const goes = await putSmallIndex(client, repository, 'v1', [own, shared])
    const stays = await putSmallIndex(client, repository, 'v2', [shared])
    await deleter.remove({ digest: goes.digest, tags: ['v1'] })
    await deleter.remove({ digest: own.digest, tags: [] })
    expect(registry.dangling()).toEqual([])
    expect(await client.resolveTag(repository, 'v2')).toBe(stays.digest)
    expect(await client.resolveTag(repository, shared.digest)).toBe(shared.digest)
  })

  it('is known to be impossible before anything is deleted', async () => {
    const { registry, repository, client, deleter } = await openRegistry('disabled')
    const { digest: one } = await putSmallImage(client, repository, 'build-1-amd64', 'one')
    const before = registry.content()
    expect(await sentence(deleter.check())).toBe(
      `nothing can be deleted in ${registry.host}/aibrix/image-cache: registry ${registry.host} refused the deletion from aibrix/image-cache: 405 method not allowed (unsupported); allow it in the registry's configuration (storage.delete.enabled of distribution), or use the clean-up that it has itself.`,
    )
    expect(await sentence(deleter.remove({ digest: one, tags: ['build-1-amd64'] }))).toContain('405')
    expect(registry.content()).toEqual(before)
    expect(registry.tagsOf(repository.path).size).toBe(1)
  })

  it.each([
    [401, 'UNAUTHORIZED'],
    [403, 'DENIED'],
  ])('says before anything is deleted that the user has no right to it: %i', async (status, code) => {
    const registry = await server((_, response) => {
      sendJson(response, status, { errors: [{ code, message: 'requested access is denied' }] })
    })
    const { check } = createDistributionDeleter(client(withPassword), at(registry))
    expect(await sentence(check())).toMatch(
      new RegExp(
        `refused the deletion from aibrix/x: ${status} .*; check the docker login for it, and the permissions of that user.$`,
      ),
    )
    expect(registry.seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `DELETE /v2/aibrix/x/manifests/sha256:${'0'.repeat(64)}`,
    ])
  })

  it.each([
    [404, { errors: [{ code: 'MANIFEST_UNKNOWN' }] }],
    [404, { errors: [{ code: 'NAME_UNKNOWN' }] }],
    [202, {}],
  ])('is possible if the probe of a digest that cannot exist is answered %i %j', async (status, body) => {
    const registry = await server((_, response) => {
      sendJson(response, status, body)
    })
    await expect(createDistributionDeleter(client(), at(registry)).check()).resolves.toBeUndefined()
  })

  it('requests a token with the right to delete', async () => {
    const scopes: (string | null)[] = []
    const registry = await server(({ path, authorization, raw }, response) => {
      const url = new URL(path, 'http://x')
      if (url.pathname === '/token') {
        scopes.push(url.searchParams.get('scope'))
        sendJson(response, 200, { token: 'one' })
      } else if (authorization === 'Bearer one') response.writeHead(202).end()
      else {
        const challenge = `Bearer realm="http://${raw.headers.host ?? ''}/token",service="x"`
        sendJson(response, 401, {}, { 'www-authenticate': challenge })
      }
    })
    const { remove } = createDistributionDeleter(client(withPassword), at(registry))
    expect(await remove({ digest, tags: [] })).toEqual({ state: 'removed' })
    expect(scopes).toEqual(['repository:aibrix/x:pull,push,delete'])
  })

  it('does not believe a 404 about what is still there', async () => {
    const registry = await server(({ method }, response) => {
      if (method === 'DELETE') sendJson(response, 404, {})
      else response.writeHead(200, { 'docker-content-digest': digest }).end()
    })
    const { remove } = createDistributionDeleter(client(), at(registry))
    expect(await sentence(remove({ digest, tags: [] }))).toContain('with 404, but has it')
  })

  it('deletes tags first where the registry wants it, but no tag that was moved meanwhile', async () => {
    const tags = new Map<string, string>([
      ['build-1-amd64', digest],
      ['candidate-1-amd64-x', `sha256:${'b'.repeat(64)}`],
    ])
    const google: Handler = ({ method, path }, response) => {
      const reference = path.split('/').at(-1) ?? ''
      const isTagged = [...tags.values()].includes(reference)
      const named = tags.get(reference)
      if (method === 'HEAD')
        response.writeHead(named ? 200 : 404, { 'docker-content-digest': named ?? '' }).end()
      else if (isTagged)
        sendJson(response, 400, {
          errors: [{ code: 'GOOGLE_MANIFEST_DANGLING_TAG', message: 'Manifest is still referenced by tag' }],
        })
      else {
        tags.delete(reference)
        response.writeHead(202).end()
      }
    }
    const registry = await server(google)
    const { remove } = createDistributionDeleter(client(), at(registry))
    const condemned = { digest, tags: ['build-1-amd64', 'candidate-1-amd64-x'] }
    expect(await remove(condemned)).toEqual({ state: 'removed' })
    expect([...tags.keys()]).toEqual(['candidate-1-amd64-x'])
  })

  it.each([
    [412, 'VIOLATE_FOREIGN_KEY_CONSTRAINT'],
    [412, 'PRECONDITION'],
    [409, 'CONFLICT'],
    [405, 'DENIED'],
  ])('leaves what a registry protects, so that the others can go: %i %s', async (status, code) => {
    const registry = await server((_, response) => {
      sendJson(response, status, { errors: [{ code, message: 'it is referenced by others' }] })
    })
    const { remove } = createDistributionDeleter(client(), at(registry))
    expect(await remove({ digest, tags: [] })).toEqual({
      state: 'stays',
      reason: expect.stringContaining('refused the deletion from aibrix/x'),
    })
  })

  it('leaves the tags of what another client has pushed again meanwhile', async () => {
    const { registry, repository, client, deleter } = await openRegistry('allowed')
    const { digest: one } = await putSmallImage(client, repository, 'build-1-amd64', 'one')
    const again = createDistributionDeleter(
      {
        ...client,
        deleteManifest: async (...all) => {
          const existed = await client.deleteManifest(...all)
          await putSmallImage(client, repository, 'build-1-amd64', 'one')
          return existed
        },
      },
      repository,
    )
    await deleter.check()
    expect(await again.remove({ digest: one, tags: ['build-1-amd64'] })).toMatchObject({ state: 'stays' })
    expect([...registry.tagsOf(repository.path)]).toEqual([['build-1-amd64', one]])
  })

  it('does not follow a redirect', async () => {
    const registry = await server((_, response) => {
      response.writeHead(307, { location: '/elsewhere' }).end()
    })
    const { remove } = createDistributionDeleter(client(), at(registry))
    expect(await sentence(remove({ digest, tags: [] }))).toContain('only reads follow redirects')
    expect(registry.seen).toHaveLength(1)
  })
})
