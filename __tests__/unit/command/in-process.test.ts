import { afterAll, beforeAll, expect, it } from '@jest/globals'
import {
  type Command,
  killedAndAgain,
  openPlace,
  type Place,
  publishBases,
  undisturbedRun,
} from '../../support/in-process/kills.ts'
import { act } from '../../support/in-process/act.ts'
import { login, waits, wanted } from '../../support/faults/wanted.ts'
import { openRegistryProxy } from '../../support/registry-proxy.ts'

// Checks the harness of runs in this process; the matrices of faults and kills use it.

let place: Place
let command: Command

beforeAll(async () => {
  place = await openPlace()
  const platforms = ['linux/amd64']
  command = { platforms, begin: await publishBases(place, platforms), inputs: {} }
})
afterAll(() => place.close())

it('a first run publishes both tags of a verified image, and its report', async () => {
  const { journey, content } = await undisturbedRun(place, command)
  expect(Object.keys(journey.undisturbed.state)).toHaveLength(2)
  expect(journey.undisturbed.tags.map((tag) => tag.replace(/-.*/, '')).sort()).toEqual([
    'build',
    'extension',
    'facts',
    'layers',
    'report',
    'ucx',
    'wheel',
  ])
  expect(content.get('acme/vllm-openai')?.tags.size).toBe(2)
})

it('a run that is killed right after its report leaves nothing that counts as verified', async () => {
  const { journey } = await undisturbedRun(place, command)
  const kills = []
  for (let nth = 1; ; nth += 1) {
    const at = await killedAndAgain(place, journey, { nth, when: 'after' })
    if (at === undefined) break
    kills.push(at.replace(/.*\/manifests\/(\w+)-.*/, '$1'))
  }
  expect(kills.indexOf('report')).toBeLessThan(kills.indexOf('build'))
  expect(kills.indexOf('candidate')).toBeLessThan(kills.indexOf('report'))
})

it('a wrong password is reported once, and not retried', async () => {
  place.registry.become(command.begin)
  const proxy = await openRegistryProxy({ upstream: place.registry.host, tokens: login })
  try {
    const { code, errors } = await act(
      {
        ...wanted,
        namespace: 'acme',
        push: 'true',
        registry: proxy.host,
        retries: '4',
        username: login.username,
        password: 'another password',
        'base-registry': `${place.registry.host}/stand-in`,
      },
      { waits },
    )
    expect(code).toBe(1)
    expect(errors).toHaveLength(1)
    expect(errors.join()).toMatch(/401|password|credentials/i)
    expect(errors.join()).not.toMatch(/tried \d+ times/)
    expect(place.registry.tagsOf('acme/vllm-openai').size).toBe(0)
  } finally {
    await proxy.close()
  }
})
