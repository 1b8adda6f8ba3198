import {
  after,
  before,
  blobRead,
  building,
  cached,
  changed,
  digest,
  ever,
  half,
  manifestRead,
  manifestWrite,
  once,
  three,
  token,
  upload,
  uploadStart,
  type Kind,
} from './kinds.ts'

const asking = { ...building, name: 'a token', on: token, tokens: true } as const
const base = { ...building, name: 'a base', on: /^HEAD .*\/stand-in\//, bases: true } as const
const chunk = { ...building, name: 'an upload chunk', on: upload } as const
const finish = { ...building, name: 'an upload finish', on: upload } as const
const writing = { ...building, name: 'a manifest write', on: manifestWrite } as const

/** What it asks for that reads a base, which it has, and pushes a candidate. */
const pushing: readonly Kind[] = [
  { ...asking, moment: before, faults: ['429'], often: three },
  { ...asking, moment: after, faults: ['a trickle'], often: once },
  { ...base, moment: before, faults: ['502'], often: three },
  { ...building, name: 'a manifest read', on: manifestRead, moment: before, faults: ['500'], often: three },
  {
    ...building,
    name: 'an upload start',
    on: uploadStart,
    moment: before,
    faults: ['a reset'],
    often: three,
  },
  { ...chunk, moment: half, faults: ['500'], often: three },
  { ...chunk, moment: half, faults: ['a reset'], often: ever },
  { ...chunk, moment: half, faults: ['silence'], often: once },
  // The registry says 400 then, as it would to an engine that is wrong, and does not say why
  { ...chunk, moment: changed, faults: ['other bytes'], often: ever },
  { ...finish, moment: before, faults: ['429 with Retry-After'], often: three },
  { ...finish, moment: after, faults: ['502', ...digest], often: three },
  { ...writing, moment: before, faults: ['429'], often: three },
  { ...writing, moment: before, faults: ['502'], often: ever },
  { ...writing, moment: after, faults: ['a reset', ...digest], often: three },
]

const description = { ...cached.layers, on: blobRead, contentOf: 'layers-' } as const
const layersWrite = /^PUT .*\/manifests\/layers-/

/** What it reads and writes of the layer cache; of the layers themselves it has its own. */
const caching: readonly Kind[] = [
  { ...description, moment: before, faults: ['429'], often: three },
  { ...description, moment: before, faults: ['a reset'], often: ever },
  { ...description, moment: after, faults: ['a truncated body'], often: ever },
  // BuildKit takes it as it comes, and builds what it does not find in it
  { ...description, warns: /./, moment: after, faults: ['other bytes'], often: ever },
  { ...cached.newLayers, on: layersWrite, moment: before, faults: ['502'], often: ever },
]

/**
 * What the engine asks a registry for. It has its own retries, and ours around it, which know its answers and not its requests:
 * each kind of request has some of the faults, and each fault some of the kinds. A whole run takes seconds: of faults that it takes for
 * the same (what says that a server is busy, what breaks a connection off) a kind has one, so often.
 */
export const ofTheEngine: readonly Kind[] = [...pushing, ...caching]
