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

/** Requests of an engine that reads a base, whose layers it has, and pushes a candidate. */
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
  // The registry then returns 400 without a reason, as if the engine were wrong
  { ...chunk, moment: changed, faults: ['other bytes'], often: ever },
  { ...finish, moment: before, faults: ['429 with Retry-After'], often: three },
  { ...finish, moment: after, faults: ['502', ...digest], often: three },
  { ...writing, moment: before, faults: ['429'], often: three },
  { ...writing, moment: before, faults: ['502'], often: ever },
  { ...writing, moment: after, faults: ['a reset', ...digest], often: three },
]

const description = { ...cached.layers, on: blobRead, contentOf: 'layers-' } as const
const layersWrite = /^PUT .*\/manifests\/layers-/

/** Reads and writes of the layer cache, without the layers, which the engine has. */
const caching: readonly Kind[] = [
  { ...description, moment: before, faults: ['429'], often: three },
  { ...description, moment: before, faults: ['a reset'], often: ever },
  { ...description, moment: after, faults: ['a truncated body'], often: ever },
  // BuildKit does not check it, and builds what is missing from it
  { ...description, warns: /./, moment: after, faults: ['other bytes'], often: ever },
  { ...cached.newLayers, on: layersWrite, moment: before, faults: ['502'], often: ever },
]

/**
 * The engine's requests to a registry. The engine has its own retries, and the action's retries
 * around it see its result, not its requests: so each kind of request has some of the faults, and
 * each fault some of the kinds. A whole run takes seconds: of faults that the engine treats alike
 * (busy servers, broken connections), a kind has one.
 */
export const ofTheEngine: readonly Kind[] = [...pushing, ...caching]
