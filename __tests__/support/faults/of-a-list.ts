import { expect } from '@jest/globals'
import type { Inventory } from '../../../src/inventory/inventory.ts'
import { act, type Ended } from '../in-process/act.ts'
import { type Content, openRegistryInMemory } from '../registry-in-memory.ts'
import { openRegistryProxy } from '../registry-proxy.ts'
import { type Combination, combinationsOf } from './matrix.ts'
import {
  answered,
  before,
  after,
  busy,
  digest,
  dumb,
  ever,
  type Kind,
  lost,
  refused,
  token,
  wrong,
} from './kinds.ts'
import { login, waits } from './wanted.ts'

const namespace = 'acme'

const tagRead = { name: 'the digest of a tag', on: /^HEAD .*\/vllm-openai\/manifests\/v0/ } as const
const imageRead = {
  name: 'the manifest of an image',
  on: /^GET .*\/vllm-openai\/manifests\/sha256:/,
} as const
const configRead = { name: 'the configuration of an image', on: /^GET .*\/vllm-openai\/blobs\// } as const
const tagList = { name: 'the tag list', on: /^GET .*\/acme\/vllm-openai\/tags\/list/ } as const

/** What a list can do without. */
const optional = { ends: 'right' } as const
const reportCheck = {
  ...optional,
  name: 'the digest of a report',
  on: /^HEAD .*\/manifests\/report-/,
} as const
const reportRead = { ...optional, name: 'a report', on: /^GET .*\/manifests\/report-/ } as const
const reportWarning = { warns: /The report of \S+:v0\S+: / } as const
const keptRead = { ...optional, name: 'what was kept', on: /^GET .*\/manifests\/inventory-/ } as const
const keeping = {
  ...optional,
  name: 'keeping',
  on: /^(?:POST .*\/uploads\/|PUT .*\/manifests\/inventory-)/,
} as const
const ofBases = { ...optional, bases: true } as const

/** The requests of a list, each with the faults that it can have. */
const ofTheList: readonly Kind[] = [
  { name: 'a token', on: token, moment: before, faults: ['502', ...dumb], tokens: true },
  { ...tagList, moment: before, faults: refused },
  { ...tagList, moment: after, faults: answered },
  { ...tagRead, moment: before, faults: refused },
  // The manifest is then read by its tag.
  { ...tagRead, ...optional, moment: after, faults: digest },
  { ...tagRead, moment: after, faults: ['a trickle'] },
  { ...imageRead, moment: before, faults: refused },
  { ...imageRead, moment: after, faults: [...answered, ...wrong] },
  { ...configRead, moment: before, faults: lost },
  { ...configRead, moment: after, faults: [...answered, 'other bytes'] },
  { ...reportCheck, ...reportWarning, moment: before, faults: refused },
  { ...reportRead, ...reportWarning, moment: before, faults: lost },
  { ...reportRead, ...reportWarning, moment: after, faults: wrong },
  { ...keptRead, warns: /:inventory-[0-9a-f]{64}: /, moment: before, faults: lost },
  { ...keptRead, warns: /:inventory-[0-9a-f]{64}: /, moment: after, faults: wrong },
  { ...keeping, warns: /It could not be stored/, moment: before, faults: [...busy, 'a reset'] },
  {
    ...{
      ...ofBases,
      name: 'the digest of a base',
      on: /^HEAD .*\/stand-in\//,
      warns: /vllm-openai:v0\.21\.0: /,
    },
    ...{ moment: before, faults: lost },
  },
  {
    ...{ ...ofBases, name: 'the tag list of a base', on: /^GET .*\/stand-in\/.*\/tags\/list/ },
    ...{ warns: /The releases of vllm in /, moment: before, faults: ['502'], often: ever },
  },
]

export const listing: readonly Combination[] = ofTheList.flatMap((kind) => combinationsOf(kind, 'action'))

/** The comparable part of a list: hosts have another port in each test. */
function contentOf({ list }: Ended): unknown {
  const { warnings: _, ...content } = list ?? ({} as Partial<Inventory>)
  return JSON.parse(JSON.stringify(content).replace(/127\.0\.0\.1:\d+/g, 'registry')) as unknown
}

/** Lists with and without a fault. @param content of a registry after a run that published */
export async function attemptList(
  { trouble, tokens, bases, inputs: given, waits: patience, ends, says, warns, kind }: Combination,
  content: Content,
): Promise<void> {
  const registry = await openRegistryInMemory(content)
  let isTroubled = false
  const isMeant: typeof trouble.on = (seen) => isTroubled && trouble.on(seen)
  const proxy = await openRegistryProxy({
    upstream: registry.host,
    ...(tokens && { tokens: login }),
    trouble: { ...trouble, on: isMeant },
  })
  const inputs = {
    ...{ command: 'list', engine: 'vllm', namespace, push: 'true', registry: proxy.host, ...given },
    'base-registry': `${bases ? proxy.host : registry.host}/stand-in`,
    ...(tokens && login),
  }
  try {
    const first = await act(inputs, { waits: { ...waits, ...patience } })
    expect(first).toMatchObject({ code: 0, list: { images: [{ engine: 'vllm' }], warnings: [] } })
    const kept = registry.content()
    if (kind !== 'what was kept') registry.become(content)
    isTroubled = true
    const run = await act(inputs, { waits: { ...waits, ...patience } })
    expect(proxy.requests.filter(({ struck }) => struck)).not.toEqual([])
    isTroubled = false
    if (ends === 'red') {
      expect(run).toEqual({ code: 1, errors: [expect.stringMatching(says)], summary: '' })
      expect(run.errors[0]).toMatch(/^[^\n]{20,700}\.$/)
      expect(contentOf(await act(inputs, { waits }))).toEqual(contentOf(first))
      return
    }
    expect(run.errors).toEqual([])
    if (!warns) expect(contentOf(run)).toEqual(contentOf(first))
    else {
      expect(run.list?.warnings.join('\n')).toMatch(warns)
      expect(run.list?.images.map(({ digest: one }) => one)).toEqual(
        first.list?.images.map(({ digest: one }) => one),
      )
    }
    registry.become(kept)
    expect(contentOf(await act(inputs, { waits }))).toEqual(contentOf(first))
  } finally {
    await proxy.close()
    await registry.close()
  }
}
