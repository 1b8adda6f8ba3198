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

const base = { ...building, name: 'a base', on: /^HEAD .*\/stand-in\//, bases: true } as const

/** What it asks for that reads a base, which it has, and pushes a candidate. */
const pushing: readonly Kind[] = [
  {
    ...building,
    name: 'a token',
    on: token,
    moment: before,
    faults: ['429', 'a reset'],
    often: three,
    tokens: true,
  },
  { ...building, name: 'a token', on: token, moment: before, faults: ['silence'], often: once, tokens: true },
  {
    ...building,
    name: 'a token',
    on: token,
    moment: after,
    faults: ['a trickle'],
    often: once,
    tokens: true,
  },
  { ...base, moment: before, faults: ['502'], often: three },
  {
    ...building,
    name: 'a manifest read',
    on: manifestRead,
    moment: before,
    faults: ['500', 'a reset'],
    often: three,
  },
  {
    ...building,
    name: 'an upload start',
    on: uploadStart,
    moment: before,
    faults: ['429', 'a reset'],
    often: three,
  },
  { ...building, name: 'an upload start', on: uploadStart, moment: before, faults: ['502'], often: ever },
  { ...building, name: 'an upload start', on: uploadStart, moment: before, faults: ['silence'], often: once },
  { ...building, name: 'an upload chunk', on: upload, moment: half, faults: ['429', '500'], often: three },
  { ...building, name: 'an upload chunk', on: upload, moment: half, faults: ['a reset'], often: ever },
  { ...building, name: 'an upload chunk', on: upload, moment: half, faults: ['silence'], often: once },
  // The registry says 400 then, as it would to an engine that is wrong, and does not say why
  { ...building, name: 'an upload chunk', on: upload, moment: changed, faults: ['other bytes'], often: ever },
  {
    ...building,
    name: 'an upload finish',
    on: upload,
    moment: before,
    faults: ['429 with Retry-After'],
    often: three,
  },
  {
    ...building,
    name: 'an upload finish',
    on: upload,
    moment: after,
    faults: ['502', ...digest],
    often: three,
  },
  { ...building, name: 'an upload finish', on: upload, moment: after, faults: ['silence'], often: once },
  {
    ...building,
    name: 'a manifest write',
    on: manifestWrite,
    moment: before,
    faults: ['429', 'a reset'],
    often: three,
  },
  { ...building, name: 'a manifest write', on: manifestWrite, moment: before, faults: ['502'], often: ever },
  {
    ...building,
    name: 'a manifest write',
    on: manifestWrite,
    moment: before,
    faults: ['silence'],
    often: once,
  },
  {
    ...building,
    name: 'a manifest write',
    on: manifestWrite,
    moment: after,
    faults: ['a reset', ...digest],
    often: three,
  },
]

const description = { ...cached.layers, on: blobRead, contentOf: 'layers-' } as const
const layersWrite = /^PUT .*\/manifests\/layers-/

/** What it reads and writes of the layer cache; of the layers themselves it has its own. */
const caching: readonly Kind[] = [
  { ...description, moment: before, faults: ['429'], often: three },
  { ...description, moment: before, faults: ['502', 'a reset'], often: ever },
  { ...description, moment: after, faults: ['a truncated body'], often: ever },
  // BuildKit takes it as it comes, and builds what it does not find in it
  { ...description, warns: /./, moment: after, faults: ['other bytes'], often: ever },
  { ...cached.newLayers, on: layersWrite, moment: before, faults: ['502'], often: ever },
]

/**
 * What the engine asks a registry for. It has its own retries, and ours around it, which know its answers and not its requests:
 * each kind of request has some of the faults, and each fault some of the kinds.
 */
export const ofTheEngine: readonly Kind[] = [...pushing, ...caching]
