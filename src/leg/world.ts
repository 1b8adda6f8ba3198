import type { CallBuildKit } from '../buildkit/index.ts'
import type { ImageConfig, RegistryClient } from '../registry/index.ts'
import type { Store } from '../store/index.ts'
import type { Artifacts } from './artifacts.ts'
import type { CompiledSources } from './compiled-sources.ts'
import type { FetchSource } from './sources.ts'

/** What building a leg needs from outside. */
export type LegWorld = {
  build: CallBuildKit
  /** @returns a path in a new folder, for facts, metadata or a stage artifact */
  newPath: (name: string) => string
  readText: (path: string) => Promise<string>
  /** Facts of bases that earlier builds have stored */
  facts: Pick<Store['facts'], 'read' | 'write'>
  artifacts: Artifacts
  fetchSource: FetchSource
  compiledSources: CompiledSources
  registry: Pick<RegistryClient, 'getManifest' | 'getImageConfig' | 'hasBlob' | 'tryMount'>
  /** Logs a sentence */
  say: (sentence: string) => void
  /** The configuration of an image that was not pushed; undefined if the engine lacks it */
  inspectImage: (reference: string) => Promise<ImageConfig | undefined>
  /** Removes a candidate from the engine, where the docker driver leaves one */
  forgetImage: (reference: string) => Promise<void>
}

/** The part of it that measures. */
export type MeasuringWorld = Pick<LegWorld, 'build' | 'newPath' | 'readText'>
