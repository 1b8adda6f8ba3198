import { describe, expect, it } from '@jest/globals'
import { UserError } from '../../../src/errors.ts'
import { mountBase } from '../../../src/leg/mount-base.ts'
import { makeLayer, makeLeg } from '../../support/verified-leg.ts'

const { base } = makeLeg()
const [small, large, middle] = [makeLayer('1', 10), makeLayer('2', 1000), makeLayer('3', 100)]
const layers = [small, large, middle]
const to = { registry: base.repository.registry, path: 'aibrix/image-cache' }

type Behaviour = { has?: boolean; mounts?: (digest: string) => boolean | Error }

/** @returns the requests, and what was said */
async function mounted({ has = false, mounts = () => true }: Behaviour, place = to) {
  const seen: string[] = []
  const said: string[] = []
  await mountBase(
    { repository: base.repository, layers },
    place,
    {
      hasBlob: (_, digest) => {
        seen.push(`has ${digest.slice(7, 8)}`)
        return Promise.resolve(has)
      },
      tryMount: ({ from, digest, size }) => {
        expect(from).toEqual(base.repository)
        expect(layers).toContainEqual(expect.objectContaining({ digest, size }))
        seen.push(`mount ${digest.slice(7, 8)}`)
        const answer = mounts(digest)
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer)
      },
    },
    (sentence) => said.push(sentence),
  )
  return { seen, said }
}

describe('the layers of a base', () => {
  it('are mounted where the image is pushed, the largest first', async () => {
    expect(await mounted({})).toEqual({ seen: ['has 2', 'mount 2', 'mount 3', 'mount 1'], said: [] })
  })

  it('are there if the largest is', async () => {
    expect(await mounted({ has: true })).toEqual({ seen: ['has 2'], said: [] })
  })

  it('need no request in another registry, or in the repository itself', async () => {
    expect((await mounted({}, { ...to, registry: 'ghcr.io' })).seen).toEqual([])
    expect((await mounted({}, base.repository)).seen).toEqual([])
  })

  it('are left to BuildKit by a registry that does not mount, after one request', async () => {
    expect(await mounted({ mounts: () => false })).toEqual({ seen: ['has 2', 'mount 2'], said: [] })
  })

  it('are left to BuildKit with the reason if the registry refuses', async () => {
    const refused = new UserError('registry docker.io refused the push: 403.')
    const { seen, said } = await mounted({ mounts: (digest) => (digest === middle.digest ? refused : true) })
    expect(seen).toEqual(['has 2', 'mount 2', 'mount 3'])
    expect(said).toEqual([
      'The layers of the base could not be mounted into aibrix/image-cache, so BuildKit uploads them: registry docker.io refused the push: 403.',
    ])
  })
})
