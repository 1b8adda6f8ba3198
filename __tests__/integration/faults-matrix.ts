import type { Fault } from './fault-proxy-answers.ts'
import type { Trouble } from './fault-proxy.ts'

/** One fault in one kind of request, so often: what a run has to live with, or to end at in the right way. */
export type Combination = {
  name: string
  trouble: Trouble
  /** Whether the registry asks for tokens */
  tokens: boolean
  /** Whether blobs can be mounted from the cache repository */
  mounts: boolean
  /** What is staged before it, so that nothing has to be built */
  staged: boolean
  /** How it ends: `right`, or `red` with one sentence that matches */
  ends: 'right' | 'red'
  says: RegExp
}

type Kind = {
  name: string
  /** Method and path */
  on: RegExp
  moment: Trouble['moment']
  faults: readonly Fault[]
  tokens?: true
  mounts?: false
  /** Otherwise than red if it happens for ever */
  ends?: Combination['ends']
  /** In other ways than all three */
  often?: readonly Often[]
}

const busy: readonly Fault[] = ['429', '429 with Retry-After', '500', '502']
const dumb: readonly Fault[] = ['a reset', 'silence']
const refused = [...busy, ...dumb]
const answered: readonly Fault[] = ['a truncated body', 'a trickle']
const lost: readonly Fault[] = ['502', ...dumb]
const wrong: readonly Fault[] = ['other bytes', 'another digest in the header']

const token = /^(?:GET|POST) \/token/
const tagList = /^GET .*\/tags\/list/
const manifestRead = /^(?:GET|HEAD) .*\/manifests\//
const stagedRead = /^GET .*\/manifests\/build-/
const readBack = /^GET .*\/vllm-openai\/manifests\/v0/
const blobRead = /^GET .*\/blobs\/sha256:/
const blobCheck = /^HEAD .*\/blobs\/sha256:/
const uploadStart = /^POST .*\/blobs\/uploads\//
const upload = /^PUT .*\/blobs\/uploads\//
const manifestWrite = /^PUT .*\/manifests\//
const publicTag = /^PUT .*\/vllm-openai\/manifests\/v0/

const before = 'before'
const after = 'after'
const streamed = { name: 'a streamed blob', mounts: false } as const

const often = {
  once: 1,
  'three times': 3,
  'for ever': Infinity,
}
type Often = keyof typeof often
const three: readonly Often[] = ['three times']
const ever: readonly Often[] = ['for ever']

/** What the action itself asks a registry for: each kind of request with each fault that it can have. */
const own: readonly Kind[] = [
  { name: 'a token', on: token, moment: before, faults: refused, tokens: true },
  { name: 'a token', on: token, moment: after, faults: answered, tokens: true },
  { name: 'a tag list', on: tagList, moment: before, faults: refused },
  { name: 'a tag list', on: tagList, moment: after, faults: answered },
  { name: 'a manifest read', on: manifestRead, moment: before, faults: refused },
  { name: 'a manifest read', on: manifestRead, moment: after, faults: answered },
  { name: 'the read of a staged manifest', on: stagedRead, moment: after, faults: wrong },
  { name: 'a blob read', on: blobRead, moment: before, faults: refused },
  { name: 'a blob read', on: blobRead, moment: after, faults: [...answered, 'other bytes'] },
  { name: 'an upload start', on: uploadStart, moment: before, faults: refused },
  { name: 'an upload chunk', on: upload, moment: 'half', faults: ['500', '502', ...dumb] },
  { name: 'an upload chunk', on: upload, moment: 'changed', faults: ['other bytes'] },
  // The blob is there then, and is seen when it is looked for
  { name: 'an upload finish', on: upload, moment: after, faults: [...lost, 'a trickle'], ends: 'right' },
  { name: 'a manifest write', on: manifestWrite, moment: before, faults: refused },
  { name: 'a manifest write', on: manifestWrite, moment: 'changed', faults: ['other bytes'] },
]

/** Requests for which it could be otherwise than for others of their kind. */
const special: readonly Kind[] = [
  { name: 'the question for a blob', on: blobCheck, moment: before, faults: ['429', ...dumb], often: three },
  { name: 'an upload start', on: uploadStart, moment: after, faults: ['a reset', 'a trickle'], often: ever },
  { name: 'an upload finish', on: upload, moment: before, faults: ['429', '500'], often: three },
  { ...streamed, on: blobRead, moment: after, faults: [...answered, 'other bytes'], often: three },
  { ...streamed, on: blobRead, moment: after, faults: ['a trickle', 'other bytes'], often: ever },
  { ...streamed, on: upload, moment: 'half', faults: lost, often: three },
  { ...streamed, on: upload, moment: 'half', faults: ['502', 'silence'], often: ever },
  { name: 'a public tag', on: publicTag, moment: before, faults: ['502', 'silence'], often: ever },
  { name: 'a public tag', on: publicTag, moment: after, faults: [...lost, 'a trickle'], often: ever },
  {
    name: 'a public tag',
    on: publicTag,
    moment: after,
    faults: ['a reset', ...wrong.slice(1)],
    often: three,
  },
  { name: 'the reading back of a public tag', on: readBack, moment: after, faults: wrong, often: ever },
]

/** What the engine pushes, which has its own retries, and ours around it. */
const engine: readonly Kind[] = [
  { on: token, moment: before, faults: ['429'], often: three, name: 'a token', tokens: true },
  { on: manifestRead, moment: before, faults: ['500', 'a reset'], often: three, name: 'a manifest read' },
  { on: uploadStart, moment: before, faults: ['429', 'a reset'], often: three, name: 'an upload start' },
  { on: uploadStart, moment: before, faults: ['502'], often: ever, name: 'an upload start' },
  { on: uploadStart, moment: before, faults: ['silence'], often: ['once'], name: 'an upload start' },
  { on: upload, moment: 'half', faults: ['500'], often: three, name: 'an upload chunk' },
  { on: upload, moment: 'half', faults: ['a reset'], often: ever, name: 'an upload chunk' },
  // The registry says 400 then, as it would to an engine that is wrong, and does not say why
  { on: upload, moment: 'changed', faults: ['other bytes'], often: ever, name: 'an upload chunk' },
  { on: upload, moment: after, faults: ['502', 'a reset'], often: three, name: 'an upload finish' },
  { on: manifestWrite, moment: before, faults: ['429', 'a reset'], often: three, name: 'a manifest write' },
  { on: manifestWrite, moment: before, faults: ['502'], often: ever, name: 'a manifest write' },
  { on: manifestWrite, moment: after, faults: ['a reset'], often: three, name: 'a manifest write' },
]

const moments: Record<Trouble['moment'], string> = {
  before: 'before the registry sees it',
  half: 'in its middle',
  changed: 'on its way to the registry',
  after: 'after the registry was asked',
}

/** What the one sentence of a red run says. */
const says: Record<Fault, RegExp> = {
  '429': /429|too many requests/i,
  '429 with Retry-After': /429|too many requests/i,
  '500': /500/,
  '502': /502/,
  'a reset': /closed|reset|EOF/,
  'a truncated body': /closed|complete|JSON|EOF/,
  'other bytes': /digest|changed|400/,
  'another digest in the header': /digest|changed|sha256/,
  silence: /timeout|answer/,
  'a trickle': /timeout|answer/,
}

function combinationsOf(kind: Kind, by: 'action' | 'engine'): Combination[] {
  const { tokens = false, mounts = true, moment } = kind
  const words = kind.often ?? (Object.keys(often) as Often[])
  return kind.faults.flatMap((fault) =>
    words.map((word): Combination => ({
      name: `${kind.name} ${by === 'engine' ? 'of the engine ' : ''}${moments[moment]}: ${fault}, ${word}`,
      trouble: {
        on: (seen) =>
          seen.own === (by === 'action') &&
          (mounts || seen.streamed) &&
          kind.on.test(`${seen.method} ${seen.url.replace(/\?.*$/, '')}`),
        ...{ fault, moment, times: often[word] },
      },
      ...{ tokens, mounts, staged: by === 'action' },
      ends: kind.ends ?? (word === 'for ever' ? 'red' : 'right'),
      says: says[fault],
    })),
  )
}

export const combinations: readonly Combination[] = [
  ...[...own, ...special].flatMap((kind) => combinationsOf(kind, 'action')),
  ...engine.flatMap((kind) => combinationsOf(kind, 'engine')),
]
