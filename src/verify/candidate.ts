import type { ImageConfig, ImageLayer } from '../registry/manifest.ts'

/**
 * What is known of the built image. Without a push the engine can be asked for the configuration, but the layers have
 * no compressed form yet. `reason` says why something is not known.
 */
export type Candidate =
  | { known: 'nothing'; reason: string }
  | { known: 'config'; config: ImageConfig; reason: string }
  | { known: 'manifest'; mediaType: string; config: ImageConfig; layers: ImageLayer[] }

/** @param addedBytes how much the image may add to its base, in bytes, compressed */
export type Limits = { addedBytes: number }
