import {
  after,
  answered,
  before,
  blobRead,
  building,
  busy,
  cached,
  changed,
  digest,
  dumb,
  ever,
  half,
  lost,
  manifestRead,
  manifestWrite,
  refused,
  three,
  token,
  upload,
  uploadStart,
  wrong,
  type Kind,
} from './kinds.ts'

const base = { name: 'the read of a base', on: /^GET .*\/stand-in\/.*\/manifests\//, bases: true } as const
const tagList = /^GET .*\/tags\/list/
const stagedRead = /^GET .*\/manifests\/build-/

/** Requests of a run that finds a staged leg: each kind with every possible fault. */
const staged: readonly Kind[] = [
  { name: 'a token', on: token, moment: before, faults: refused, tokens: true },
  { name: 'a token', on: token, moment: after, faults: answered, tokens: true },
  { name: 'a tag list', on: tagList, moment: before, faults: refused },
  { name: 'a tag list', on: tagList, moment: after, faults: answered },
  { name: 'a manifest read', on: manifestRead, moment: before, faults: refused },
  { name: 'a manifest read', on: manifestRead, moment: after, faults: answered },
  { name: 'the read of a staged manifest', on: stagedRead, moment: after, faults: wrong },
  { ...base, moment: after, faults: wrong },
  { name: 'a blob read', on: blobRead, moment: before, faults: refused },
  { name: 'a blob read', on: blobRead, moment: after, faults: [...answered, 'other bytes'] },
  { name: 'an upload start', on: uploadStart, moment: before, faults: refused },
  { name: 'an upload chunk', on: upload, moment: half, faults: refused },
  { name: 'an upload chunk', on: upload, moment: changed, faults: ['other bytes'] },
  { name: 'an upload finish', on: upload, moment: before, faults: busy },
  // The blob then exists, and the retry's check finds it
  { name: 'an upload finish', on: upload, moment: after, faults: [...lost, 'a trickle'], ends: 'right' },
  { name: 'an upload finish', on: upload, moment: after, faults: digest, ends: 'right' },
  { name: 'a manifest write', on: manifestWrite, moment: before, faults: refused },
  { name: 'a manifest write', on: manifestWrite, moment: changed, faults: ['other bytes'] },
]

const streamed = { name: 'a streamed blob', mounts: false } as const
const blobCheck = /^HEAD .*\/blobs\/sha256:/
const publicTag = /^PUT .*\/vllm-openai\/manifests\/v0/
const readBack = /^GET .*\/vllm-openai\/manifests\/v0/

/** Requests that could behave differently from others of their kind. */
const special: readonly Kind[] = [
  { name: 'the question for a blob', on: blobCheck, moment: before, faults: ['429', ...dumb], often: three },
  { name: 'an upload start', on: uploadStart, moment: after, faults: ['a reset', 'a trickle'], often: ever },
  { ...streamed, on: blobRead, moment: after, faults: [...answered, 'other bytes'], often: three },
  { ...streamed, on: blobRead, moment: after, faults: ['a trickle', 'other bytes'], often: ever },
  { ...streamed, on: upload, moment: half, faults: lost, often: three },
  { ...streamed, on: upload, moment: half, faults: ['502', 'silence'], often: ever },
  { name: 'a public tag', on: publicTag, moment: before, faults: ['502', 'silence'], often: ever },
  { name: 'a public tag', on: publicTag, moment: after, faults: [...lost, 'a trickle'], often: ever },
  { name: 'a public tag', on: publicTag, moment: after, faults: ['a reset', ...digest], often: three },
  { name: 'the reading back of a public tag', on: readBack, moment: after, faults: wrong, often: ever },
]

const report = { ...building, name: 'a report', on: /^PUT .*\/image-cache\/manifests\/report-/ } as const
const mark = {
  ...{ ...building, name: 'the tag that means verified' },
  on: /^PUT .*\/image-cache\/manifests\/build-/,
} as const

/** Writes that stage what was built. */
const staging: readonly Kind[] = [
  { ...report, moment: before, faults: ['502'] },
  { ...report, moment: after, faults: ['a reset', ...digest], often: ever },
  { ...mark, moment: before, faults: ['502'], often: ever },
  { ...mark, moment: after, faults: ['a reset', '502', ...digest] },
]

const { wheel, extension, newExtension, newWheel, newFacts, layers } = cached
const known = { ...building, name: 'stored facts' } as const
const wheelRead = /^GET .*\/manifests\/wheel-/
const wheelWrite = /^PUT .*\/manifests\/wheel-/
const extensionRead = /^GET .*\/manifests\/extension-/
const extensionWrite = /^PUT .*\/manifests\/extension-/
const factsRead = /^GET .*\/manifests\/facts-/
const factsWrite = /^PUT .*\/manifests\/facts-/
const layersRead = /^GET .*\/manifests\/layers-/

/** Reads and writes of what is stored for the next build. */
const caching: readonly Kind[] = [
  { ...wheel, on: wheelRead, moment: before, faults: ['502'] },
  { ...wheel, on: wheelRead, moment: after, faults: digest, often: ever },
  { ...wheel, on: blobRead, contentOf: 'wheel-', moment: after, faults: ['other bytes'], often: ever },
  { ...wheel, on: blobRead, contentOf: 'wheel-', moment: after, faults: ['a truncated body'], often: three },
  { ...extension, on: extensionRead, moment: before, faults: ['502'], often: ever },
  {
    ...extension,
    on: blobRead,
    contentOf: 'extension-',
    moment: after,
    faults: ['other bytes'],
    often: ever,
  },
  { ...newExtension, on: extensionWrite, moment: before, faults: ['502'], often: ever },
  { ...newExtension, on: extensionWrite, moment: after, faults: ['a reset'], often: three },
  { ...newWheel, on: wheelWrite, moment: before, faults: ['502'], often: ever },
  { ...newWheel, on: wheelWrite, moment: after, faults: ['a reset'], often: three },
  { ...newFacts, on: factsWrite, moment: before, faults: ['502'], often: ever },
  { ...layers, on: layersRead, moment: before, faults: ['502'], often: ever },
  // The plan depends on the facts of a base, and unreadable facts are not treated as missing
  { ...known, on: factsRead, moment: before, faults: ['502'], often: ever },
  { ...known, on: blobRead, contentOf: 'facts-', moment: after, faults: ['a truncated body'] },
]

const reportRead = /^GET .*\/manifests\/report-/
const tag = (name: string) => ({ name: `${name} with command: tag`, command: 'tag' }) as const
const image = tag('the read of a staged manifest')
const judged = tag('the read of a report')
const given = tag('a public tag')
const confirmed = tag('the reading back of a public tag')

/** What tagging a staged leg asks for. */
const tagging: readonly Kind[] = [
  { ...image, on: stagedRead, moment: before, faults: refused },
  { ...image, on: stagedRead, moment: after, faults: [...answered, ...wrong] },
  { ...judged, on: reportRead, moment: before, faults: refused },
  { ...judged, on: reportRead, moment: after, faults: wrong },
  {
    ...tag('the content of a report'),
    ...{ on: blobRead, contentOf: 'report-', moment: after, faults: [...answered, 'other bytes'] },
  },
  { ...tag('an upload start'), on: uploadStart, moment: before, faults: ['502', ...dumb] },
  { ...given, on: publicTag, moment: before, faults: refused },
  { ...given, on: publicTag, moment: after, faults: [...lost, 'a trickle', ...digest] },
  { ...confirmed, on: readBack, moment: before, faults: ['502', ...dumb] },
  { ...confirmed, on: readBack, moment: after, faults: wrong },
]

/** The action's requests to a registry. */
export const ofTheAction: readonly Kind[] = [...staged, ...special, ...staging, ...caching, ...tagging]
