import type { Fault } from './answers.ts'
import type { Trouble } from './trouble.ts'

/** Requests that can have the same faults, and the run that sends them. */
export type Kind = {
  name: string
  /** Method and path */
  on: RegExp
  /** Only requests for the content under a tag of the cache repository with this prefix */
  contentOf?: string
  moment: Trouble['moment']
  faults: readonly Fault[]
  /** Whether the registry requires tokens */
  tokens?: true
  /** Whether small blobs can be mounted from the cache repository */
  mounts?: false
  /** Whether the bases also come from the registry with faults */
  bases?: true
  /** Tags that the cache repository has at the start. Default: those of a staged leg */
  there?: RegExp
  cache?: 'registry'
  /** Tags the staged leg instead of running from the plan on, with the same result */
  command?: 'tag'
  /** Set if a run succeeds even with a permanent fault */
  ends?: 'right'
  /** Text of its warning in the summary */
  warns?: RegExp
  /** Default: three times and for ever */
  often?: readonly Often[]
}

/** How many times */
export const often = { once: 1, 'three times': 3, 'for ever': Infinity }
export type Often = keyof typeof often
export const once: readonly Often[] = ['once']
export const three: readonly Often[] = ['three times']
export const ever: readonly Often[] = ['for ever']
/** A run that survives a fault three times also survives it once. */
export const longer: readonly Often[] = [...three, ...ever]

// Only a body can be truncated, and only a response that names its digest, or is requested by it,
// can have another one.
export const busy: readonly Fault[] = ['429', '429 with Retry-After', '500', '502']
export const dumb: readonly Fault[] = ['a reset', 'silence']
export const refused: readonly Fault[] = [...busy, ...dumb]
export const answered: readonly Fault[] = ['a truncated body', 'a trickle']
export const lost: readonly Fault[] = ['502', ...dumb]
export const digest: readonly Fault[] = ['another digest in the header']
export const wrong: readonly Fault[] = ['other bytes', ...digest]

export const before = 'before'
export const half = 'half'
export const changed = 'changed'
export const after = 'after'

export const token = /^(?:GET|POST) \/token/
export const manifestRead = /^(?:GET|HEAD) .*\/manifests\//
export const blobRead = /^GET .*\/blobs\/sha256:/
export const uploadStart = /^POST .*\/blobs\/uploads\//
export const upload = /^PUT .*\/blobs\/uploads\//
export const manifestWrite = /^PUT .*\/manifests\//

/** A run that builds and compiles what it needs. */
export const building = { there: /^facts-/ } as const

const kept = { cache: 'registry', there: /^(?:facts|wheel|ucx|layers)-/, ends: 'right' } as const

/**
 * A run that builds and finds everything stored for it; without that it warns, and the image is the
 * same.
 */
export const cached = {
  wheel: { ...kept, name: 'a stored wheel', warns: /wheel-\S+ is not used, and it is built/ },
  extension: {
    ...{ ...kept, there: /^(?:facts|extension|ucx|layers)-/, name: 'a stored extension' },
    warns: /extension-\S+ is not used, and it is built/,
  },
  newExtension: {
    ...{ ...kept, there: /^(?:facts|ucx|layers)-/, name: 'a new extension' },
    warns: /extension-\S+ is not stored/,
  },
  newWheel: {
    ...{ ...kept, there: /^(?:facts|ucx|layers)-/, name: 'a new wheel' },
    warns: /wheel-\S+ is not stored/,
  },
  newFacts: {
    ...{ ...kept, there: /^(?:wheel|ucx|layers)-/, name: 'new facts' },
    warns: /The facts of the base are not stored/,
  },
  layers: { ...kept, name: 'the layer cache', warns: /The layer cache \S+ could not be read/ },
  // What already exists is not written again.
  newLayers: {
    ...{ ...kept, there: /^(?:facts|wheel|ucx)-/, name: 'a new layer cache' },
    warns: /The layer cache \S+ could not be written/,
  },
} as const
