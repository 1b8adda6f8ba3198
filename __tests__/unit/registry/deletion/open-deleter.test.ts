import { describe, expect, it } from '@jest/globals'
import { UserError } from '../../../../src/errors.ts'
import {
  type DeletionAccess,
  openDeleter,
  publicApis,
} from '../../../../src/registry/deletion/open-deleter.ts'
import { anonymous } from '../../../support/web-server.ts'

/** Names what is asked first; nothing is answered. */
function accessThatNames(asked: string[]): DeletionAccess {
  const refuse = (what: string) => (): Promise<never> => {
    asked.push(what)
    return Promise.reject(new UserError('It is not answered.'))
  }
  return {
    client: {
      deleteManifest: refuse('the registry'),
      resolveTag: refuse('the registry'),
      listTags: refuse('the registry'),
    },
    transport: {
      send: ({ url }) => refuse(url.href)(),
    },
    credentials: () => Promise.resolve({ kind: 'password', username: 'me', password: 'canary' }),
    withRetries: (work) => work(),
    wait: () => Promise.resolve(),
    apis: publicApis,
    githubToken: 'canary',
  }
}

describe('how is deleted', () => {
  it.each([
    ['docker.io', 'https://hub.docker.com/v2/auth/token'],
    ['ghcr.io', 'https://api.github.com/users/aibrix'],
    ['ghcr.io:443', 'https://api.github.com/users/aibrix'],
    ['quay.io', 'the registry'],
    ['127.0.0.1:5000', 'the registry'],
  ])('depends on the registry: %s', async (registry, expected) => {
    const asked: string[] = []
    const { check } = openDeleter({ registry, path: 'aibrix/x' }, accessThatNames(asked))
    await expect(check()).rejects.toThrow('It is not answered.')
    expect(asked).toEqual([expected])
  })

  it('is known to be impossible on ghcr.io without github-token', () => {
    const access = { ...accessThatNames([]), credentials: anonymous, githubToken: undefined }
    expect(() => openDeleter({ registry: 'ghcr.io', path: 'aibrix/x' }, access)).toThrow(
      /^nothing can be deleted in ghcr\.io\/aibrix\/x without github-token; github-token needs the right to delete: /,
    )
  })
})
