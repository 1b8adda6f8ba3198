import type { ArtifactKind, Leg } from '../plan/index.ts'
import type { Layers } from '../store/index.ts'
import type { Step } from './steps.ts'

/** How BuildKit is called, apart from what is built. */
export type BuildOptions = {
  /** Name of a buildx builder; undefined: the current one, or a created one */
  builder: string | undefined
  /** Image of BuildKit for a created builder */
  buildkitImage: string | undefined
  network: 'default' | 'host'
  /** As `--provenance` takes it; undefined: buildx' default */
  provenance: string | undefined
  /** As `--sbom` takes it; undefined: none */
  sbom: string | undefined
  /** Whether layers and stage artifacts are reused from the cache repository and stored there */
  cache: 'registry' | 'off'
}

/** The named context in which the Dockerfiles take the source of each component. */
export const sourceContexts = { aibrix: 'aibrix-source', ucx: 'ucx-source' } as const
/** The named context in which the Dockerfiles take certificates. */
export const certificatesContext = 'certificates'
/** The named context in which the Dockerfiles take the user's own files. */
export const extraFilesContext = 'extra-files'
export type Component = keyof typeof sourceContexts
export const components: readonly Component[] = ['aibrix', 'ucx']

/** Folders with a bare repository each, which replace the repositories that a build clones. */
export type SourceFolders = Partial<Record<Component, string>>

/** Build secrets: id → file that holds the value. */
export type SecretFiles = ReadonlyMap<string, string>

/** What a call to BuildKit leaves behind. */
export type BuildOutput =
  /** Facts of the base, facts of base and image, or a stage artifact, as files in a folder */
  | { kind: 'facts' | 'report' | ArtifactKind; directory: string }
  /** Nothing but what a later call finds in BuildKit's cache: all that needs nothing compiled */
  | { kind: 'ahead' }
  | {
      kind: 'image'
      /** `registry/path:tag` */
      reference: string
      push: boolean
      compression: 'gzip' | 'zstd'
      labels: Record<string, string>
      /** For the index; empty if there is none */
      annotations: Record<string, string>
      metadataFile: string
    }

export type BuildCall = {
  leg: Leg
  output: BuildOutput
  options: BuildOptions
  /** Folder that BuildKit gets as its context, and the Dockerfile in it */
  context: string
  dockerfile: string
  secrets: SecretFiles
  /**
   * The new image must be newer than this, since it replaces one because of its age. The time is in
   * BuildKit's cache key of each of the image's own steps, so that they run again, and so that the
   * image is built of exactly the steps that were measured.
   */
  newerThan?: string | undefined
  layers?: Layers
  sources?: SourceFolders
  /** Folder with the authorities that the steps trust in addition to the base's own */
  certificates?: string | undefined
  /** Folder with the user's own files */
  extraFiles?: string | undefined
  /** Folders that replace stages */
  artifacts?: Partial<Record<ArtifactKind, string>>
  /** The image, by digest, that replaces the stage `image`: it is measured instead of built */
  existing?: string | undefined
}

/** Runs a call. @throws UserError with the reason if it fails */
export type CallBuildKit = (
  call: BuildCall,
  leg: Leg,
) => Promise<{ steps: Step[]; digest: string | undefined }>
