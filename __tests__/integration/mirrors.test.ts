import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRegistryClient, type RegistryClient } from '../../src/registry/client.ts'
import type { Digest } from '../../src/registry/content/digest.ts'
import type { Repository } from '../../src/registry/content/reference.ts'
import { mirror } from '../../src/promote/mirror.ts'
import { trustCertificates } from '../../src/system/certificates.ts'
import { type ActionRun, errorsOf, registry, runAction } from '../support/action.ts'
import { makeAuthority } from '../support/authority.ts'
import { wanted, waits } from '../support/faults/wanted.ts'
import { act, type Ended } from '../support/in-process/act.ts'
import { publishBase } from '../support/in-process/engine.ts'
import { ownAddress, startDistribution, startGoContainerRegistry } from '../support/real-registries.ts'
import {
  attach,
  putReferrersTag,
  putSignature,
  putSmallImage,
  putSmallIndex,
  referrersTag,
} from '../support/referrers.ts'
import { openRegistryProxy, type RegistryProxy } from '../support/registry-proxy.ts'

const minutes = 60_000
const namespace = `test-${randomBytes(4).toString('hex')}`
const login = { username: 'robot', password: `token-${randomBytes(8).toString('hex')}` }

/** `debian` has the public images; `google` is behind TLS and requires tokens */
const hosts = { debian: registry, distribution: '', google: '' }
type Name = keyof typeof hosts

let authority: string
let guard: RegistryProxy
let client: RegistryClient
const opened: { close: () => unknown }[] = []

beforeAll(async () => {
  const [distribution, google] = await Promise.all([startDistribution(), startGoContainerRegistry()])
  guard = await openRegistryProxy({ upstream: google.host, tokens: login, scheme: 'https' })
  const made = makeAuthority(mkdtempSync(join(tmpdir(), 'authority-')), ownAddress())
  const door = await made.before(guard.host)
  opened.push(distribution, google, guard, door)
  Object.assign(hosts, { distribution: distribution.host, google: door.host })
  authority = made.file
  trustCertificates(authority)
  client = createRegistryClient({
    credentials: (name) =>
      Promise.resolve(name === hosts.google ? { kind: 'password' as const, ...login } : undefined),
  })
  opened.push(client)
}, 2 * minutes)

afterAll(async () => {
  for (const one of opened.reverse()) await one.close()
})

const at = (name: Name, path: string): Repository => ({ registry: hosts[name], path: `${namespace}/${path}` })
const digestAt = async (repository: Repository, tag: string): Promise<string | undefined> =>
  (await client.getManifest(repository, tag))?.digest

describe('a plan whose legs are staged', () => {
  const mirrors = (): Repository[] => [at('distribution', 'vllm-openai'), at('google', 'team/images')]
  const tags = ['v0.21.0-aibrix-v0.7.0-nixl-0.7.1-20251123', 'v0.21.0']
  const inputs = (more: Record<string, string> = {}): Record<string, string> => ({
    registry,
    namespace,
    push: 'true',
    mirrors: `${hosts.distribution}/${namespace}/vllm-openai\nvllm: ${hosts.google}/${namespace}/team/images`,
    'mirror-credentials': `${hosts.google}=${login.username}:${login.password}`,
    ...more,
  })
  const inProcess = (more: Record<string, string>): Promise<Ended> =>
    act({ ...wanted, 'base-registry': `${registry}/${namespace}-bases`, ...inputs(more) }, { waits })
  /** The built action */
  const promote = (more: Record<string, string> = {}): Promise<ActionRun> =>
    runAction(inputs({ command: 'promote', plan, 'ca-certificates': authority, ...more }))
  let plan = ''

  beforeAll(async () => {
    await publishBase(registry, `${namespace}-bases/vllm/vllm-openai:v0.21.0`, ['linux/amd64'])
    const planned = await inProcess({ command: 'plan' })
    expect(planned.errors).toEqual([])
    plan = planned.plan ?? ''
    const leg = 'vllm-v0.21.0-aibrix-v0.7.0-nixl-0.7.1-amd64'
    expect((await inProcess({ command: 'build', plan, leg })).errors).toEqual([])
  }, minutes)

  it(
    'is not promoted with other mirrors than those of its plan',
    async () => {
      const run = await promote({
        mirrors: `${hosts.distribution}/${namespace}/vllm-openai`,
        'mirror-credentials': '',
      })
      expect(run.code).toBe(1)
      expect(errorsOf(run).join()).toContain('mirrors: the plan mirrors vLLM to ')
      expect(await client.listTags(at('debian', 'vllm-openai'))).toEqual([])
    },
    minutes,
  )

  it(
    'is not promoted if a mirror accepts no push',
    async () => {
      const wrong = `${hosts.google}=${login.username}:another-password`
      const run = await promote({ 'mirror-credentials': wrong })
      expect(run.code).toBe(1)
      expect(errorsOf(run).join()).toContain(hosts.google)
      expect(run.log).not.toContain('another-password')
      expect(await client.listTags(at('debian', 'vllm-openai'))).toEqual([])
    },
    minutes,
  )

  it(
    'gives three registries the same digest, and sends each its own credentials',
    async () => {
      const from = guard.seen.length
      const run = await promote()
      expect(errorsOf(run)).toEqual([])
      expect(run.code).toBe(0)
      const digest = await digestAt(at('debian', 'vllm-openai'), tags[1] ?? '')
      expect(digest).toBeDefined()
      for (const repository of [at('debian', 'vllm-openai'), ...mirrors()])
        for (const tag of tags) expect(await digestAt(repository, tag)).toBe(digest)
      const [image] = JSON.parse(run.outputs.images ?? '') as [{ mirrors: unknown }]
      expect(image.mirrors).toEqual(
        mirrors().map(({ registry: host, path }) => ({
          repository: `${host}/${path}`,
          tags: tags.map((tag) => `${host}/${path}:${tag}`),
        })),
      )
      expect(run.summary).toContain('✅ mirrored')
      expect(`${run.log}${run.summary}${JSON.stringify(run.outputs)}`).not.toContain(login.password)
      expect(guard.seen.slice(from).filter((seen) => seen.startsWith('GET /token')).length).toBeGreaterThan(0)
    },
    minutes,
  )

  it(
    'writes nothing a second time',
    async () => {
      const from = guard.seen.length
      const run = await promote()
      expect(errorsOf(run)).toEqual([])
      expect(run.outputs.changed).toBe('false')
      expect(guard.seen.slice(from).filter((seen) => !/^(?:GET|HEAD) /.test(seen))).toEqual([])
    },
    minutes,
  )

  it(
    'is planned with what a mirror lacks, and nothing is built for it',
    async () => {
      const third = {
        mirrors: `${hosts.distribution}/${namespace}/late/vllm-openai`,
        'mirror-credentials': '',
      }
      const planned = await inProcess({ command: 'plan', ...third })
      expect(planned.errors).toEqual([])
      const run = await promote({ ...third, plan: planned.plan ?? '' })
      expect(errorsOf(run)).toEqual([])
      expect(run.outputs.changed).toBe('true')
      const late = at('distribution', 'late/vllm-openai')
      for (const tag of tags)
        expect(await digestAt(late, tag)).toBe(await digestAt(at('debian', 'vllm-openai'), tag))
    },
    minutes,
  )
})

describe('an image with a list of packages and a signature', () => {
  const names = ['debian', 'distribution', 'google'] as const
  const pairs = names.flatMap((from) => names.flatMap((to) => (from === to ? [] : [[from, to] as const])))

  it.each(pairs)(
    'is mirrored from %s to %s with all that refers to it',
    async (source, target) => {
      const from = at(source, `from-${source}-to-${target}`)
      const to = at(target, `to-${target}-from-${source}`)
      const image = await putSmallImage(client, from, 'child', `${source} ${target}`)
      const top = await putSmallIndex(client, from, 'v1', [image])
      const sbom = await attach(client, from, top, 'packages')
      const signed = await attach(client, from, sbom, 'signature of the packages')
      const signature = await putSignature(client, from, top.digest, 'signature')
      const list = async (repository: Repository, digest: Digest): Promise<string[]> => {
        const listed = await client.listReferrers(repository, digest)
        return listed ? listed.map((one) => one.digest) : referrersTag(client, repository, digest)
      }
      if ((await client.listReferrers(from, top.digest)) === undefined) {
        await putReferrersTag(client, from, top.digest, [sbom])
        await putReferrersTag(client, from, sbom.digest, [signed])
      }
      const { digest } = top
      const [tags, check] = [['v1', 'latest'], () => Promise.resolve()]
      const given = [{ from, digest, publicTags: ['v1'], to, tags, check }]
      const options = { failFast: true, log: () => undefined, signal: new AbortController().signal }
      expect((await mirror(client, given, options)).error).toBeUndefined()
      for (const tag of tags) expect(await digestAt(to, tag)).toBe(digest)
      expect(await digestAt(to, `${digest.replace(':', '-')}.sig`)).toBe(signature.digest)
      expect(await list(to, digest)).toEqual([sbom.digest])
      expect(await list(to, sbom.digest)).toEqual([signed.digest])
      const before = await client.listTags(to)
      expect((await mirror(client, given, options)).error).toBeUndefined()
      expect(await client.listTags(to)).toEqual(before)
    },
    minutes,
  )
})
