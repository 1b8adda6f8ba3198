import { beforeAll, describe, expect, it } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import { parseRepository } from '../../src/registry/content/reference.ts'
import { type ActionRun, digestOf, errorsOf, registry, runAction, tagsOf } from '../support/action.ts'
import { waits, wanted } from '../support/faults/wanted.ts'
import { act } from '../support/in-process/act.ts'
import { publishBase } from '../support/in-process/engine.ts'
import { putImageForm } from '../../src/registry/content/image-form.ts'
import { copyTag } from '../support/two-platforms.ts'
import { openTestClient } from '../support/test-client.ts'

// The built action, on small images that a run in this process has published. Nothing needs Docker.

const source = `test-${randomBytes(4).toString('hex')}`
const both = 'linux/amd64,linux/arm64'
const first = 'v0.21.0-aibrix-v0.7.0-nixl-0.7.1-20251123'
const second = 'v0.21.0-aibrix-v0.7.0-nixl-0.7.1-20251124'
let counter = 0
let staged: string

async function publish(more: Record<string, string>): Promise<void> {
  const given = {
    ...{
      ...wanted,
      registry,
      namespace: source,
      push: 'true',
      'base-registry': `${registry}/${source}-bases`,
    },
    tags: '{{engine-version}}-aibrix-{{aibrix}}-nixl-{{nixl}}-{{date}}',
  }
  const { errors } = await act({ ...given, ...more }, { waits })
  expect(errors).toEqual([])
}

beforeAll(async () => {
  await publishBase(registry, `${source}-bases/vllm/vllm-openai:v0.21.0`, both.split(','))
  await publish({})
  await publish({ 'build-args': 'OTHER=content', date: '20251124', platforms: both })
  const digest = await digestOf(`${source}/vllm-openai`, first)
  for (const tag of await tagsOf(`${source}/image-cache`))
    if (tag.startsWith('build-') && (await digestOf(`${source}/image-cache`, tag)) === digest) staged = tag
}, 120_000)

/** Creates a namespace with both published images, and what the cache repository has. */
async function openNamespace(): Promise<string> {
  const namespace = `${source}-${(counter += 1)}`
  for (const name of ['vllm-openai', 'image-cache'])
    for (const tag of await tagsOf(`${source}/${name}`))
      if (/^(?:v|build-|report-)/.test(tag))
        await copyTag(
          `${source}/${name}`,
          (await digestOf(`${source}/${name}`, tag)) ?? '',
          `${namespace}/${name}`,
          tag,
        )
  return namespace
}

function tag(namespace: string, image: string, more: Record<string, string> = {}): Promise<ActionRun> {
  const given = { command: 'tag', registry, namespace, push: 'true', image, tags: 'stable' }
  return runAction({ ...given, ...more })
}

const publicDigest = (namespace: string, name: string) => digestOf(`${namespace}/vllm-openai`, name)

function expectRed(run: ActionRun, sentence: RegExp): void {
  expect(errorsOf(run).join('\n')).toMatch(sentence)
  expect(run.code).toBe(1)
  expect(run.outputs).toMatchObject({ changed: 'false', tags: '[]' })
  expect(run.log).not.toMatch(/\n\s+at .+:\d+:\d+/)
}

describe('command: tag', () => {
  it('tags, tags again, moves, and rolls back with the inputs in its summary', async () => {
    const namespace = await openNamespace()
    const repository = `${registry}/${namespace}/vllm-openai`
    const [one, other] = await Promise.all([publicDigest(namespace, first), publicDigest(namespace, second)])
    expect(one).not.toBe(other)

    const created = await tag(namespace, first)
    expect(errorsOf(created)).toEqual([])
    expect(created.outputs).toMatchObject({
      changed: 'true',
      tags: JSON.stringify([`${repository}:stable`]),
      digests: JSON.stringify({ [`${repository}:stable`]: one }),
    })
    expect(JSON.parse(created.outputs.images ?? '')).toMatchObject([{ state: 'published', digest: one }])
    expect(await publicDigest(namespace, 'stable')).toBe(one)

    const again = await tag(namespace, one ?? '')
    expect(errorsOf(again)).toEqual([])
    expect(again.outputs.changed).toBe('false')

    const guarded = await tag(namespace, second)
    expectRed(guarded, new RegExp(`:stable \\(${String(one)}\\) already names a different image`))
    expect(await publicDigest(namespace, 'stable')).toBe(one)

    // An image of two platforms
    const moved = await tag(namespace, second, { 'overwrite-tags': 'stable' })
    expect(errorsOf(moved)).toEqual([])
    expect(await publicDigest(namespace, 'stable')).toBe(other)
    expect(JSON.parse(moved.outputs.images ?? '')).toMatchObject([{ legs: [{}, {}] }])

    const [, inputs = ''] = /```yaml\n([^]*?)```/.exec(moved.summary) ?? []
    const read = (name: string) => new RegExp(`^${name}: (?:\\|-\\n +)?(.*)$`, 'm').exec(inputs)?.[1] ?? ''
    const back = { tags: read('tags'), 'overwrite-tags': read('overwrite-tags') }
    const rolledBack = await tag(namespace, read('image'), back)
    expect(errorsOf(rolledBack)).toEqual([])
    expect(await publicDigest(namespace, 'stable')).toBe(one)
    expect(await tagsOf(`${namespace}/vllm-openai`)).toEqual(['stable', second, first].sort())
  }, 120_000)

  it('moves only tags of the templates that may be moved', async () => {
    const namespace = await openNamespace()
    for (const name of ['stable', 'v0.21.0']) await tag(namespace, first, { tags: name })
    const tags = 'stable\n{{engine-version}}'
    const run = await tag(namespace, second, { tags, 'overwrite-tags': 'stable' })
    expectRed(run, /:v0\.21\.0 \(sha256:\w+\) already names a different image/)
    expect(await publicDigest(namespace, 'stable')).toBe(await publicDigest(namespace, first))
    const all = await tag(namespace, second, { tags, 'overwrite-tags': '{{engine-version}}\nstable' })
    expect(errorsOf(all)).toEqual([])
    for (const name of ['stable', 'v0.21.0'])
      expect(await publicDigest(namespace, name)).toBe(await publicDigest(namespace, second))
  }, 60_000)

  it('publishes a staged leg with the layers that only the cache repository has', async () => {
    const namespace = `${source}-${(counter += 1)}`
    for (const name of [staged, staged.replace('build-', 'report-')]) {
      const digest = await digestOf(`${source}/image-cache`, name)
      await copyTag(`${source}/image-cache`, digest ?? '', `${namespace}/image-cache`, name)
    }
    const run = await tag(namespace, `${registry}/${namespace}/image-cache:${staged}`, {
      tags: '{{engine-version}}-{{date}}\nstable',
      date: '20251130',
    })
    expect(errorsOf(run)).toEqual([])
    expect(await tagsOf(`${namespace}/vllm-openai`)).toEqual(['stable', 'v0.21.0-20251130'])
    expect(await publicDigest(namespace, 'stable')).toBe(await publicDigest(source, first))
  }, 60_000)

  it('refuses what fails by the rules of this run, and takes what this run waives', async () => {
    const namespace = await openNamespace()
    const run = await tag(namespace, first, { 'added-bytes-limit': '1 B' })
    expectRed(run, /gate added-bytes failed.*allow-failed|gate added-bytes failed.*raise the limit/)
    expect(run.summary).toContain('was not tagged')
    expect(run.summary).toContain('<code>added-bytes</code>')
    expect(await publicDigest(namespace, 'stable')).toBeNull()
    const waived = await tag(namespace, first, {
      'added-bytes-limit': '1 B',
      'allow-failed': 'added-bytes=small enough for us',
    })
    expect(errorsOf(waived)).toEqual([])
    expect(waived.summary).toContain('small enough for us')
    expect(await publicDigest(namespace, 'stable')).toBe(await publicDigest(namespace, first))
  }, 60_000)

  it('refuses what is not ours, what has no report, and what does not exist', async () => {
    const namespace = await openNamespace()
    const client = openTestClient()
    const to = parseRepository(`${registry}/${namespace}/vllm-openai`)
    const document = {
      type: 'application/x',
      bytes: Buffer.from('{}'),
      created: new Date(0),
      subject: undefined,
    }
    const manifest = await putImageForm(client, to, document)
    await client.putManifest(to, 'foreign', manifest, 'application/vnd.oci.image.manifest.v1+json')
    client.close()
    expectRed(await tag(namespace, 'foreign'), /was not built by this action/)
    const elsewhere = { 'cache-repository': `${registry}/${namespace}/other-cache` }
    expectRed(await tag(namespace, first, elsewhere), /has no report that says how it was judged/)
    expectRed(await tag(namespace, 'nowhere'), /vllm-openai:nowhere and .*sglang:nowhere do not exist/)
    expect(await publicDigest(namespace, 'stable')).toBeNull()
  }, 60_000)

  it('reports bad inputs together, before anything is asked', async () => {
    const run = await tag('acme', 'a b', {
      push: 'false',
      'overwrite-tags': 'latest',
      registry: 'localhost:1',
    })
    expect(run.code).toBe(1)
    for (const sentence of ['push: ', 'image: ', 'overwrite-tags: '])
      expect(errorsOf(run).join('\n')).toContain(sentence)
  })
})
